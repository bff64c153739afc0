import { inflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { VaeError } from "../base/errors.ts";
import { checkUpright } from "./exif.ts";
import {
  checkPixels,
  type ImageFormat,
  type ImageSize,
  imageFailure,
  opaque,
  type RgbImage,
} from "./imageFormat.ts";
import { DEFLATE_RATIO } from "./readInput.ts";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Numbers in a pixel, by the colour type of the header: grey, RGB, palette, grey and alpha, RGBA. */
const channelsOfType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const fail = imageFailure;

export const png: ImageFormat = {
  name: "PNG",
  extensions: [".png"],
  has: (bytes) => bytes.subarray(0, 8).equals(signature),
  size: pngSize,
  decode: decodePng,
};

interface PngSize extends ImageSize {
  /** Of the pixels before they are compressed, at most. */
  readonly bytes: number;
}

/** Reads the size alone, and refuses one that is too large or that the file cannot hold. */
function pngSize(bytes: Buffer, path: string, most?: number): PngSize {
  if (!bytes.includes("IEND"))
    throw fail(path, `the file ends at byte ${bytes.length}, before the end of the image`);
  const header = bytes.subarray(8, 33); // length, "IHDR", width, height, depth, colour type, …, checksum
  if (header.length < 25 || header.readUInt32BE(0) !== 13 || header.toString("latin1", 4, 8) !== "IHDR")
    throw fail(path, "the image is damaged: it does not start with its size");
  const [width, height, depth] = [header.readUInt32BE(8), header.readUInt32BE(12), header[16]!];
  checkPixels({ width, height }, path, most);
  // A line has a byte more, and an interlaced image up to twice as many lines, each with a byte that is not full.
  const bits = (channelsOfType[header[17]!] ?? 4) * depth;
  const size = height * (Math.ceil((width * bits) / 8) + 1);
  if (size > DEFLATE_RATIO * bytes.length) {
    const told = `${width}x${height} pixels (width x height)`;
    throw fail(path, `it says that it has ${told}, which a file of ${bytes.length} bytes cannot hold`);
  }
  return { width, height, bytes: 2 * size + 4 * height };
}

function decodePng(bytes: Buffer, path: string): RgbImage {
  let image: PNG;
  try {
    if (isInterlaced(bytes))
      inflateSync(Buffer.concat(chunksOf(bytes, "IDAT")), {
        maxOutputLength: pngSize(bytes, path, Number.POSITIVE_INFINITY).bytes,
      });
    image = PNG.sync.read(bytes, { skipRescale: is16Bit(bytes) });
  } catch (error) {
    if (error instanceof VaeError) throw error;
    throw fail(path, `the image is damaged: ${(error as Error).message}`, error);
  }
  checkUpright(chunksOf(bytes, "eXIf")[0], path);
  return opaque(image, path);
}

/** Fewer bits than 8 are brought to 0 … 255. */
const is16Bit = (bytes: Buffer) => bytes[24] === 16;

/** pngjs decompresses such an image without asking how much comes, and is given one only after that was seen. */
const isInterlaced = (bytes: Buffer) => bytes[28] === 1;

/** What the chunks of this name hold. */
function chunksOf(bytes: Buffer, name: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString("latin1", at + 4, at + 8) === name)
      found.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return found;
}
