import { VaeError } from "../base/errors.ts";
import type { Column } from "./dataset.ts";
import type { ImageShape } from "./field.ts";
import { type NumberArray, sizeOf, transposed } from "./npy.ts";
import type { RangeSettings } from "./pixelRange.ts";

/** Images [N, H, W, C] with the values that their array has. */
export interface ArrayImages {
  readonly name: string;
  readonly count: number;
  readonly shape: ImageShape;
  readonly pixels: Column;
}

export interface ImageSettings {
  /** Which values are black and white, see `withRange`. */
  readonly range?: RangeSettings["range"];
  /** Height and width of images that are rows of values. */
  readonly shape?: readonly number[] | undefined;
}

const FORMS = "[N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels, or [N, D] with dataset.shape";

/** An array as images. */
export function imagesOf(array: NumberArray, settings: ImageSettings): ArrayImages {
  const shape = imageShape(array, settings);
  const { name, dims } = array;
  const pixels = pixelsOf(array, settings.range);
  return {
    name,
    count: dims[0]!,
    shape,
    pixels: isChannelsFirst(dims) ? transposed(pixels, dims, CHANNELS_LAST) : pixels,
  };
}

/** [H, W, C] rather than [N, H, W], for images that somebody would train on. */
const isOneImage = ([a, b, c]: readonly number[]) => (c === 3 || c === 4) && a! >= 8 && b! >= 8;

export const isChannels = (count: number) => count === 1 || count === 3;

/** [N, C, H, W], where it can't be [N, H, W, C]. */
export const isChannelsFirst = (dims: readonly number[]) =>
  dims.length === 4 && isChannels(dims[1]!) && !isChannels(dims[3]!);

/** From [N, C, H, W] to [N, H, W, C]. */
export const CHANNELS_LAST = [0, 2, 3, 1];

function imageShape({ name, dims }: NumberArray, { shape: wanted }: ImageSettings): ImageShape {
  const fail = (problem: string) =>
    new VaeError("failure", `${name}: an array of ${dims.join("x") || "no dimensions"}${problem}`);
  if (dims.includes(0)) throw fail(", which holds nothing.");
  const [, a, b, c] = dims as [number, number, number, number];
  if (dims.length === 2) {
    if (wanted && sizeOf(wanted) === a) return [wanted[0]!, wanted[1]!, 1];
    const side = Math.sqrt(a);
    const example = Number.isInteger(side) ? `[${side}, ${side}]` : `[1, ${a}]`;
    const given = wanted
      ? `, whose rows are no images of ${wanted.join("x")}`
      : ", whose rows may be images of any shape";
    throw fail(`${given}. Set dataset.shape to height and width, such as ${example}.`);
  }
  if (wanted) throw fail(", which says the shape of an image itself: leave dataset.shape out.");
  if (dims.length === 3 && isOneImage(dims)) {
    throw fail(
      `, which may be one coloured image, or ${dims[0]} images of ${a}x${b}. Give it a dimension more: 1x${dims.join("x")} or ${dims.join("x")}x1.`,
    );
  }
  if (dims.length === 3) return [a, b, 1];
  if (dims.length === 4 && isChannels(c)) return [a, b, c];
  if (isChannelsFirst(dims)) return [b, c, a];
  throw fail(`. Accepted: ${FORMS}.`);
}

/** The values as they are, in memory that fits their type; true of `bool` is white. */
function pixelsOf({ type, values }: NumberArray, range: ImageSettings["range"]): Column {
  if (type === "bool" && range === undefined) return (values as Uint8Array).map((value) => 255 * value);
  if (type === "uint16") return Uint16Array.from(values);
  return values instanceof Float64Array ? Float32Array.from(values) : values;
}

/** `[12, 3, 4]`, the indices of value `i`. */
function placeOf({ dims }: NumberArray, i: number): string {
  let rest = i;
  const indices = dims.toReversed().map((dim) => {
    const index = rest % dim;
    rest = Math.floor(rest / dim);
    return index;
  });
  return `[${indices.toReversed().join(", ")}]`;
}

/** Whole numbers 0 … 255, one for each of `count` images, [N] or [N, 1]. */
export function labelsOf(array: NumberArray, count: number): Uint8Array {
  const { name, dims, values } = array;
  const isColumn = dims.length === 1 || (dims.length === 2 && dims[1] === 1);
  if (!isColumn || dims[0] !== count) {
    throw new VaeError(
      "failure",
      `${name}: an array of ${dims.join("x") || "no dimensions"}. Expected one class for each of the ${count} images. ` +
        "What is no class goes with the images by dataset.name: pairs.",
    );
  }
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (Number.isInteger(value) && value >= 0 && value <= 255) continue;
    throw new VaeError(
      "failure",
      `${name}: the value at ${placeOf(array, i)} is ${value}. Expected classes, whole numbers from 0 to 255. ` +
        "What is no class goes with the images by dataset.name: pairs.",
    );
  }
  return Uint8Array.from(values);
}
