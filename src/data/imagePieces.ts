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
  readonly rgb: Uint8Array;
  /** Width, height, and 1 where it is grey. */
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
    bytes += image.rgb.length;
    if (bytes < PIECE_BYTES) continue;
    yield pieceOf(images, bytes);
    [images, bytes] = [[], 0];
  }
  if (images.length > 0) yield pieceOf(images, bytes);
}

function pieceOf(images: readonly RgbImage[], bytes: number): Piece {
  const rgb = new Uint8Array(bytes);
  let at = 0;
  for (const image of images) {
    rgb.set(image.rgb, at);
    at += image.rgb.length;
  }
  const headers = images.flatMap(({ width, height, isGray }) => [width, height, Number(isGray)]);
  return { rgb, headers: Uint32Array.from(headers) };
}

async function* imagesIn(pieces: AsyncIterable<Piece>): AsyncGenerator<RgbImage, void, undefined> {
  for await (const { rgb, headers } of pieces) {
    for (let i = 0, at = 0; i < headers.length; i += 3) {
      const [width, height, gray] = headers.subarray(i, i + 3) as unknown as [number, number, number];
      const end = at + 3 * width * height;
      yield { width, height, rgb: rgb.subarray(at, end), isGray: gray === 1 };
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
