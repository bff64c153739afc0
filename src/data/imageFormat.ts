import { VaeError } from "../base/errors.ts";

/** A kind of image file. */
export interface ImageFormat {
  /** In words, such as `"JPEG"`. */
  readonly name: string;
  /** Of its files, with the dot. */
  readonly extensions: readonly string[];
  /** Whether a file is one, by its first bytes. */
  has(bytes: Buffer): boolean;
  /** Reads the size alone, and refuses one of more than `most` pixels or that the file cannot hold. */
  size(bytes: Buffer, path: string, most?: number): ImageSize;
  /** The pixels of an image whose size was accepted. What is damaged is an error that names `path`. */
  decode(bytes: Buffer, path: string): RgbImage | Promise<RgbImage>;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** An image of whichever form as RGB, [height, width, 3]. */
export interface RgbImage extends ImageSize {
  /** Of 0 … 65535 where the file has 16 bits, otherwise of 0 … 255. */
  readonly rgb: Uint8Array | Uint16Array;
  readonly isGray: boolean;
}

/** As decoders give it, [height, width, 4]. */
export interface RgbaImage extends ImageSize {
  /** 255 is opaque, and 65535 of 16 bits. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

/** 4096 x 4096. Decoding takes about 12 bytes for each; and a layer of 400 units on as many would have 27 GB of weights. */
export const MAX_PIXELS = 2 ** 24;

/** No file of so many pixels, at 16 bits for each of RGBA, is longer, whatever its comments. */
export const MAX_IMAGE_BYTES = 16 * MAX_PIXELS;

export const imageFailure = (path: string, problem: string, cause?: unknown) =>
  new VaeError("failure", `${path}: ${problem}.`, { cause });

/** Refuses an image of no pixels, and one of too many. */
export function checkPixels({ width, height }: ImageSize, path: string, most = MAX_PIXELS): void {
  const told = `${width}x${height} pixels (width x height)`;
  if (width * height === 0) throw imageFailure(path, `the image is damaged: it says that it has ${told}`);
  if (width * height <= most) return;
  const side = Math.sqrt(most);
  throw imageFailure(
    path,
    `it says that it has ${told}. Accepted: up to ${most}, as ${side}x${side}; make it smaller`,
  );
}

/** RGBA as RGB. Transparent pixels are refused. */
export function opaque({ width, height, data }: RgbaImage, path: string): RgbImage {
  const is16Bit = data instanceof Uint16Array;
  const highest = is16Bit ? 65535 : 255;
  const rgb = new (is16Bit ? Uint16Array : Uint8Array)(width * height * 3);
  let isGray = true;
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const [r, g, b, alpha] = [data[from]!, data[from + 1]!, data[from + 2]!, data[from + 3]!];
    if (alpha !== highest) {
      throw imageFailure(
        path,
        "has transparent pixels, and what is behind them is not known. " +
          "Flatten it first, for example by magick mogrify -background white -alpha remove FILE",
      );
    }
    rgb[to] = r;
    rgb[to + 1] = g;
    rgb[to + 2] = b;
    isGray &&= r === g && g === b;
  }
  return { width, height, rgb, isGray };
}
