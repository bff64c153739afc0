import { PNG } from "pngjs";
import type { ImageShape } from "../data/field.ts";

export interface ImageGridOptions {
  readonly columns: number;
  /** Pixels between images and around them. Default 2. */
  readonly padding?: number;
  /** How many pixels wide and high each pixel is drawn. Default 1. */
  readonly scale?: number;
}

/** Dark enough to leave the images alone, light enough to show where a black one ends. */
const paddingLevel = 72;

/** Bytes [N, H, W, C], grey or RGB, as one PNG image, row by row. Cells without an image stay black. */
export function imageGrid(
  images: Uint8Array,
  [height, width, channels]: ImageShape,
  { columns, padding = 2, scale = 1 }: ImageGridOptions,
): { width: number; height: number; png: Buffer } {
  if (channels !== 1 && channels !== 3) throw new Error(`imageGrid draws 1 or 3 channels, not ${channels}`);
  const size = height * width * channels;
  const count = images.length / size;
  if (!Number.isInteger(count))
    throw new Error(`imageGrid: ${images.length} bytes are not whole images of ${size}`);
  const rows = Math.ceil(count / columns);
  const across = columns * (width * scale + padding) + padding;
  const down = rows * (height * scale + padding) + padding;
  const pixels = Buffer.alloc(across * down * channels, paddingLevel);
  for (let cell = 0; cell < rows * columns; cell++) {
    const top = padding + Math.floor(cell / columns) * (height * scale + padding);
    const left = padding + (cell % columns) * (width * scale + padding);
    const image = images.subarray(cell * size, (cell + 1) * size); // empty after the last image
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
        const to = ((top + y) * across + left + x) * channels;
        for (let c = 0; c < channels; c++) pixels[to + c] = image[from + c] ?? 0;
      }
    }
  }
  return { width: across, height: down, png: encodePng(pixels, across, down, channels) };
}

/** Bytes [H, W, C], grey or RGB, as PNG. */
export function encodePng(pixels: Buffer, width: number, height: number, channels: 1 | 3): Buffer {
  const colorType = channels === 1 ? 0 : 2; // grey, RGB
  const options = { width, height, colorType, inputColorType: colorType, inputHasAlpha: false } as const;
  const png = new PNG(options);
  png.data = pixels;
  return PNG.sync.write(png, options);
}
