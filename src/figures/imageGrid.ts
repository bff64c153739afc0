import { PNG, type PNGOptions } from "pngjs";
import type { ImageShape } from "../data/field.ts";

export interface ImageGridOptions {
  readonly columns: number;
  /** Pixels between images and around them. Default 2. */
  readonly padding?: number;
  /** Its grey. Default dark enough to leave the images alone, light enough to show where a black one ends. */
  readonly level?: number;
  /** Whether it is around all of them, too. Default true. */
  readonly frame?: boolean;
}

/** Bytes [N, H, W, C], grey or RGB, as one PNG image, row by row. Cells without an image are padding. */
export function imageGrid(
  images: Uint8Array,
  [height, width, channels]: ImageShape,
  { columns, padding = 2, level = 72, frame = true }: ImageGridOptions,
): { width: number; height: number; png: Buffer } {
  if (channels !== 1 && channels !== 3) throw new Error(`imageGrid draws 1 or 3 channels, not ${channels}`);
  const size = height * width * channels;
  const count = images.length / size;
  if (!Number.isInteger(count))
    throw new Error(`imageGrid: ${images.length} bytes are not whole images of ${size}`);
  const rows = Math.ceil(count / columns);
  const edge = frame ? padding : 0;
  const across = columns * (width + padding) - padding + 2 * edge;
  const down = rows * (height + padding) - padding + 2 * edge;
  const pixels = Buffer.alloc(across * down * channels, level);
  for (let cell = 0; cell < count; cell++) {
    const top = edge + Math.floor(cell / columns) * (height + padding);
    const left = edge + (cell % columns) * (width + padding);
    for (let y = 0; y < height; y++) {
      const row = images.subarray(
        cell * size + y * width * channels,
        cell * size + (y + 1) * width * channels,
      );
      pixels.set(row, ((top + y) * across + left) * channels);
    }
  }
  return { width: across, height: down, png: encodePng(pixels, across, down, channels) };
}

/** Bytes [H, W, C], grey or RGB, as PNG. */
export function encodePng(
  pixels: Buffer,
  width: number,
  height: number,
  channels: 1 | 3,
  how: Pick<PNGOptions, "filterType" | "deflateLevel"> = {},
): Buffer {
  const colorType = channels === 1 ? 0 : 2; // grey, RGB
  const options = { width, height, colorType, inputColorType: colorType, inputHasAlpha: false } as const;
  const png = new PNG(options);
  png.data = pixels;
  return PNG.sync.write(png, { ...options, ...how });
}
