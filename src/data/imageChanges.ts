import { z } from "zod";
import { type SourceData, type Split, sharedColumn } from "./dataset.ts";
import { fieldSize, type ImageShape, imageShapeOf, whiteOf } from "./field.ts";
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

/** A source whose images of levels are resized, transposed, inverted. `turn` is awaited between them, see `turns`. */
export async function changed<Source extends SourceData>(
  source: Source,
  settings: ChangeSettings,
  turn: Turn,
): Promise<Source> {
  let { fields } = source;
  const parts: { -readonly [Part in (typeof PARTS)[number]]?: Split } = {};
  for (const field of Object.values(source.fields)) {
    if (field.kind !== "bytes" || field.show !== "image") continue;
    for (const name of PARTS) {
      const split = parts[name] ?? source[name];
      const levels = split?.columns[field.name];
      if (!split || !levels || levels instanceof Float32Array) continue;
      const given = { count: split.count, levels, shape: imageShapeOf(field), white: whiteOf(field) };
      const images = await changedImages(given, settings, turn);
      fields = { ...fields, [field.name]: { ...field, shape: images.shape } };
      parts[name] = { count: split.count, columns: { ...split.columns, [field.name]: images.levels } };
    }
  }
  return { ...source, fields, ...parts };
}

type Levels = Uint8Array | Uint16Array;

/** Images [count, …shape] of levels 0 … white. */
interface Images {
  readonly count: number;
  readonly shape: ImageShape;
  readonly white: number;
  readonly levels: Levels;
}

async function changedImages(images: Images, settings: ChangeSettings, turn: Turn): Promise<Images> {
  const target = targetOf(settings);
  let result = images;
  if (target) result = await resizedImages(result, target, turn);
  if (settings.transpose) result = await transposedImages(result, turn);
  return settings.invert ? inverted(result) : result;
}

async function resizedImages(images: Images, target: Target, turn: Turn): Promise<Images> {
  const [height, width, channels] = images.shape;
  if (height === target.height && width === target.width) return images;
  return mapped(images, [target.height, target.width, channels], turn, (levels, out) => {
    const rgb = channels === 3 ? levels : thrice(levels);
    const image = resized({ width, height, rgb, isGray: channels === 1 }, target, images.white);
    for (let i = 0; i < out.length; i++) out[i] = image.rgb[channels === 3 ? i : 3 * i]!;
  });
}

/** [H, W, C] -> [W, H, C] */
function transposedImages(images: Images, turn: Turn): Promise<Images> {
  const [height, width, channels] = images.shape;
  return mapped(images, [width, height, channels], turn, (levels, out) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++)
          out[(x * height + y) * channels + c] = levels[(y * width + x) * channels + c]!;
      }
    }
  });
}

async function mapped(
  images: Images,
  shape: ImageShape,
  turn: Turn,
  write: (image: Levels, out: Levels) => void,
): Promise<Images> {
  const { count, levels } = images;
  const [from, to] = [fieldSize(images), fieldSize({ shape })];
  const out = sharedColumn(levels, count * to) as Levels;
  for (let i = 0; i < count; i++) {
    await turn();
    write(levels.subarray(i * from, (i + 1) * from), out.subarray(i * to, (i + 1) * to));
  }
  return { ...images, shape, levels: out };
}

/** In its place: nobody else has it. */
function inverted(images: Images): Images {
  const { levels, white } = images;
  for (let i = 0; i < levels.length; i++) levels[i] = white - levels[i]!;
  return images;
}

/** Grey levels as RGB. */
export function thrice(gray: Levels): Levels {
  const rgb = sharedColumn(gray, 3 * gray.length) as Levels;
  for (let i = 0; i < rgb.length; i++) rgb[i] = gray[Math.floor(i / 3)]!;
  return rgb;
}
