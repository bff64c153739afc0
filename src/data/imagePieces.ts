import { join } from "node:path";
import { ahead, threadCount } from "../base/ahead.ts";
import { MAX_IMAGE_BYTES, MAX_PIXELS, type RgbImage } from "./imageFormat.ts";
import { decodeImage, imageSizeOf } from "./imageFormats.ts";
import { readInput } from "./readInput.ts";
import { MAX_RESIZED_PIXELS, resized, type Target } from "./resize.ts";

/** Which images are to be read. */
export interface ImagesPlan {
  readonly folder: string;
  /** Below the folder. */
  readonly names: readonly string[];
  /** Absent where they stay as they are. */
  readonly target?: Target | undefined;
}

/** Some images, one after the other. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Width, height, bytes of a value, and 1 where it is grey. */
  readonly headers: Uint32Array;
}

/** Reads a file as an image in the size that is wanted. */
async function readImage(path: string, target: Target | undefined): Promise<RgbImage> {
  const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_IMAGE_BYTES });
  imageSizeOf(bytes, path, target ? MAX_RESIZED_PIXELS : MAX_PIXELS);
  const image = await decodeImage(bytes, path);
  return target ? resized(image, target) : image;
}

const PIECE_BYTES = 2 ** 20;

/** The images in pieces, so that few messages go between threads. Exported for them. */
export async function* imagePieces({ folder, names, target }: ImagesPlan): AsyncGenerator<Piece> {
  let images: RgbImage[] = [];
  let bytes = 0;
  for (const name of names) {
    const image = await readImage(join(folder, name), target);
    images.push(image);
    bytes += image.rgb.byteLength;
    if (bytes < PIECE_BYTES) continue;
    yield pieceOf(images, bytes);
    [images, bytes] = [[], 0];
  }
  if (images.length > 0) yield pieceOf(images, bytes);
}

function pieceOf(images: readonly RgbImage[], length: number): Piece {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { rgb } of images) {
    bytes.set(new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.byteLength), at);
    at += rgb.byteLength;
  }
  const headers = images.flatMap(({ width, height, rgb, isGray }) => [
    ...[width, height, rgb.BYTES_PER_ELEMENT, Number(isGray)],
  ]);
  return { bytes, headers: Uint32Array.from(headers) };
}

type Header = [width: number, height: number, size: number, gray: number];

async function* imagesIn(pieces: AsyncIterable<Piece>): AsyncGenerator<RgbImage, void, undefined> {
  for await (const { bytes, headers } of pieces) {
    for (let i = 0, at = 0; i < headers.length; i += 4) {
      const [width, height, size, gray] = headers.subarray(i, i + 4) as unknown as Header;
      const end = at + 3 * width * height * size;
      // A copy, as 16 bits begin at an even place of their memory.
      const rgb = size === 1 ? bytes.subarray(at, end) : new Uint16Array(bytes.slice(at, end).buffer);
      yield { width, height, rgb, isGray: gray === 1 };
      at = end;
    }
  }
}

/** Files of fewer bytes in all are read before a thread has started. */
const THREADS_FROM_BYTES = 2 ** 22;

/**
 * The images in the order of their names, decoded on several threads where there is much to do. **The pixels of one hold
 * until the next is asked for.**
 */
export async function* readAll(plan: ImagesPlan, totalBytes: number): AsyncGenerator<RgbImage> {
  if (totalBytes < THREADS_FROM_BYTES) return yield* imagesIn(imagePieces(plan));
  const count = Math.min(threadCount(), plan.names.length);
  const threads = Array.from({ length: count }, (_, thread) => {
    const names = plan.names.filter((_, i) => i % count === thread);
    // Under an address of its own a module has a thread of its own.
    return imagesIn(ahead(`${import.meta.url}?${thread}`, imagePieces, { ...plan, names }));
  });
  try {
    for (let i = 0; i < plan.names.length; i++) {
      const { value } = await threads[i % count]!.next();
      yield value!;
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.return()));
  }
}
