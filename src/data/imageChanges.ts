import { z } from "zod";
import type { SourceData, Split } from "./dataset.ts";
import { fieldSize, type ImageShape, imageShapeOf } from "./field.ts";
import { fits, resized, type Target } from "./resize.ts";

/** Settings of the size that images are to have. */
export const fitSettings = {
  size: z
    .union([z.int().min(1).max(4096), z.array(z.int().min(1).max(4096)).length(2)])
    .optional()
    .describe("resize the images to this height and width, or [height, width]"),
  fit: z
    .enum(fits)
    .default("crop")
    .describe(
      "where size has another shape than the image: crop (its middle), pad (with black) or stretch (out of shape)",
    ),
};

/** Settings of what is done to images before anything else sees them, in this order. */
export const changeSettings = {
  ...fitSettings,
  transpose: z.boolean().default(false).describe("swap rows and columns of the images, after size"),
  invert: z.boolean().default(false).describe("make black white and white black"),
};

export interface ChangeSettings extends FitSettings {
  readonly transpose?: boolean | undefined;
  readonly invert?: boolean | undefined;
}

export interface FitSettings {
  readonly size?: number | readonly number[] | undefined;
  readonly fit?: Target["fit"] | undefined;
}

/** The size that is asked for, if one is. */
export function targetOf({ size, fit = "crop" }: FitSettings): Target | undefined {
  if (size === undefined) return undefined;
  const [height, width] = (typeof size === "number" ? [size, size] : size) as [number, number];
  return { height, width, fit };
}

type Turn = () => Promise<void>;

const PARTS = ["train", "validation", "test"] as const;

/** A source whose images of bytes are resized, transposed, inverted. `turn` is awaited between them, see `turns`. */
export async function changed(source: SourceData, settings: ChangeSettings, turn: Turn): Promise<SourceData> {
  let { fields } = source;
  const parts: { -readonly [Part in (typeof PARTS)[number]]?: Split } = {};
  for (const field of Object.values(source.fields)) {
    if (field.kind !== "bytes" || field.show !== "image") continue;
    for (const name of PARTS) {
      const split = parts[name] ?? source[name];
      const bytes = split?.columns[field.name];
      if (!split || !(bytes instanceof Uint8Array)) continue;
      const images = await changedImages({ ...split, bytes, shape: imageShapeOf(field) }, settings, turn);
      fields = { ...fields, [field.name]: { ...field, shape: images.shape } };
      parts[name] = { count: split.count, columns: { ...split.columns, [field.name]: images.bytes } };
    }
  }
  return { ...source, fields, ...parts };
}

/** Images [count, …shape]. */
interface Images {
  readonly count: number;
  readonly shape: ImageShape;
  readonly bytes: Uint8Array;
}

async function changedImages(images: Images, settings: ChangeSettings, turn: Turn): Promise<Images> {
  const target = targetOf(settings);
  let result = images;
  if (target) result = await resizedImages(result, target, turn);
  if (settings.transpose) result = await transposedImages(result, turn);
  return settings.invert ? { ...result, bytes: inverted(result.bytes) } : result;
}

async function resizedImages(images: Images, target: Target, turn: Turn): Promise<Images> {
  const [height, width, channels] = images.shape;
  if (height === target.height && width === target.width) return images;
  return mapped(images, [target.height, target.width, channels], turn, async (bytes, out) => {
    const rgb =
      channels === 3
        ? bytes
        : Uint8Array.from({ length: 3 * bytes.length }, (_, i) => bytes[Math.floor(i / 3)]!);
    const image = await resized({ width, height, rgb, isGray: channels === 1 }, target);
    for (let i = 0; i < out.length; i++) out[i] = image.rgb[channels === 3 ? i : 3 * i]!;
  });
}

/** [H, W, C] -> [W, H, C] */
function transposedImages(images: Images, turn: Turn): Promise<Images> {
  const [height, width, channels] = images.shape;
  return mapped(images, [width, height, channels], turn, (bytes, out) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++)
          out[(x * height + y) * channels + c] = bytes[(y * width + x) * channels + c]!;
      }
    }
  });
}

async function mapped(
  { count, shape, bytes }: Images,
  newShape: ImageShape,
  turn: Turn,
  write: (image: Uint8Array, out: Uint8Array) => void | Promise<void>,
): Promise<Images> {
  const [from, to] = [fieldSize({ shape }), fieldSize({ shape: newShape })];
  const out = new Uint8Array(new SharedArrayBuffer(count * to));
  for (let i = 0; i < count; i++) {
    await turn();
    await write(bytes.subarray(i * from, (i + 1) * from), out.subarray(i * to, (i + 1) * to));
  }
  return { count, shape: newShape, bytes: out };
}

/** In its place: nobody else has it. */
function inverted(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = 255 - bytes[i]!;
  return bytes;
}
