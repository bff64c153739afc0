import { inflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { VaeError } from "../base/errors.ts";
import { DEFLATE_RATIO } from "./readInput.ts";

/** An image as its header tells it. */
export interface PngSize {
  readonly width: number;
  readonly height: number;
  /** Of the pixels before they are compressed, at most. */
  readonly bytes: number;
}

/** An image of whichever form as RGB, [height, width, 3]. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Of 0 … 65535 where the file has 16 bits, otherwise of 0 … 255. */
  readonly rgb: Uint8Array | Uint16Array;
  readonly isGray: boolean;
}

/** 4096 x 4096. Decoding takes about 12 bytes for each; and a layer of 400 units on as many would have 27 GB of weights. */
const MAX_PIXELS = 2 ** 24;

/** No PNG file of so many pixels, at 16 bits for each of RGBA, is longer, whatever its comments. */
export const MAX_PNG_BYTES = 16 * MAX_PIXELS;

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Numbers in a pixel, by the colour type of the header: grey, RGB, palette, grey and alpha, RGBA. */
const channelsOfType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const fail = (path: string, problem: string, cause?: unknown) =>
  new VaeError("failure", `${path}: ${problem}.`, { cause });

/** Reads the size alone, and refuses one that is too large or that the file cannot hold. */
export function pngSize(bytes: Buffer, path: string): PngSize {
  if (!bytes.subarray(0, 8).equals(signature)) throw fail(path, "not a PNG image, by its first bytes");
  if (!bytes.includes("IEND"))
    throw fail(path, `the file ends at byte ${bytes.length}, before the end of the image`);
  const header = bytes.subarray(8, 33); // length, "IHDR", width, height, depth, colour type, …, checksum
  if (header.length < 25 || header.readUInt32BE(0) !== 13 || header.toString("latin1", 4, 8) !== "IHDR")
    throw fail(path, "the image is damaged: it does not start with its size");
  const [width, height, depth] = [header.readUInt32BE(8), header.readUInt32BE(12), header[16]!];
  const told = `${width}x${height} pixels (width x height)`;
  if (width * height === 0) throw fail(path, `the image is damaged: it says that it has ${told}`);
  if (width * height > MAX_PIXELS) {
    throw fail(
      path,
      `it says that it has ${told}. Accepted: up to ${MAX_PIXELS}, as 4096x4096; make it smaller`,
    );
  }
  // A line has a byte more, and an interlaced image up to twice as many lines, each with a byte that is not full.
  const bits = (channelsOfType[header[17]!] ?? 4) * depth;
  const size = height * (Math.ceil((width * bits) / 8) + 1);
  if (size > DEFLATE_RATIO * bytes.length) {
    throw fail(path, `it says that it has ${told}, which a file of ${bytes.length} bytes cannot hold`);
  }
  return { width, height, bytes: 2 * size + 4 * height };
}

/** The pixels of an image whose size was accepted. */
export function decodePng(bytes: Buffer, path: string): RgbImage {
  let png: PNG;
  try {
    if (isInterlaced(bytes)) inflateSync(pixelData(bytes), { maxOutputLength: pngSize(bytes, path).bytes });
    png = PNG.sync.read(bytes, { skipRescale: is16Bit(bytes) });
  } catch (error) {
    if (error instanceof VaeError) throw error;
    throw fail(path, `the image is damaged: ${(error as Error).message}`, error);
  }
  const { width, height, data } = png;
  const opaque = is16Bit(bytes) ? 65535 : 255;
  const rgb = new (is16Bit(bytes) ? Uint16Array : Uint8Array)(width * height * 3);
  let isGray = true;
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const [r, g, b, alpha] = [data[from]!, data[from + 1]!, data[from + 2]!, data[from + 3]!];
    if (alpha !== opaque) {
      throw fail(
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

/** Fewer bits than 8 are brought to 0 … 255. */
const is16Bit = (bytes: Buffer) => bytes[24] === 16;

/** pngjs decompresses such an image without asking how much comes, and is given one only after that was seen. */
const isInterlaced = (bytes: Buffer) => bytes[28] === 1;

/** What the IDAT chunks hold, one after the other. */
function pixelData(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return Buffer.concat(parts);
}
