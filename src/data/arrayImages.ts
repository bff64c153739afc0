import { VaeError } from "../base/errors.ts";
import type { ImageShape } from "./field.ts";
import { type NumberArray, sizeOf, transposed } from "./npy.ts";

/** Images [N, H, W, C] as bytes. */
export interface ByteImages {
  readonly name: string;
  readonly count: number;
  readonly shape: ImageShape;
  readonly pixels: Uint8Array;
}

export interface ImageSettings {
  /** The values that become 0, black, and 255, white. */
  readonly range?: readonly number[] | undefined;
  /** Height and width of images that are rows of values. */
  readonly shape?: readonly number[] | undefined;
}

const FORMS = "[N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels, or [N, D] with dataset.shape";

/** An array as images of bytes; what is neither bytes nor has a range is an error that names the line to type. */
export function imagesOf(array: NumberArray, settings: ImageSettings): ByteImages {
  const shape = imageShape(array, settings);
  const { name, dims } = array;
  const pixels = bytesOf(array, settings.range);
  return {
    name,
    count: dims[0]!,
    shape,
    pixels: isChannelsFirst(dims) ? transposed(pixels, dims, CHANNELS_LAST) : pixels,
  };
}

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
  if (dims.length === 3) return [a, b, 1];
  if (dims.length === 4 && isChannels(c)) return [a, b, c];
  if (isChannelsFirst(dims)) return [b, c, a];
  throw fail(`. Accepted: ${FORMS}.`);
}

function bytesOf(array: NumberArray, range: ImageSettings["range"]): Uint8Array {
  const { name, type, values } = array;
  if (!range) {
    if (values instanceof Uint8Array) return values;
    const told = `${name}: values of ${type}, ${extent(values)}.`;
    if (values.every(Number.isNaN)) throw new VaeError("failure", told);
    throw new VaeError(
      "usage",
      `${told} Images are bytes here: say which values are black and white with dataset.range, such as ` +
        `${guessedRange(values)}, and they are rounded to 256 levels between them.`,
    );
  }
  const [black, white] = range as [number, number];
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // So that NaN is none of them either.
    if (!(value >= black && value <= white)) {
      throw new VaeError(
        "failure",
        `${name}: the value at ${placeOf(array, i)} is ${value}, outside of dataset.range [${black}, ${white}]. ` +
          `There are values ${extent(values)}.`,
      );
    }
    pixels[i] = Math.round((255 * (value - black)) / (white - black));
  }
  return pixels;
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

function extremes(values: NumberArray["values"]) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most] as const;
}

function extent(values: NumberArray["values"]): string {
  const [least, most] = extremes(values);
  return least > most ? "none of which is a number" : `from ${least} to ${most}`;
}

/** The usual range that holds them: an offer, not a decision. */
function guessedRange(values: NumberArray["values"]): string {
  const [least, most] = extremes(values);
  const usual = [
    [0, 1],
    [-1, 1],
    [0, 255],
    [0, 4095],
    [0, 65535],
  ].find(([black, white]) => least >= black! && most <= white!);
  return `[${(usual ?? [least, most]).join(", ")}]`;
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
