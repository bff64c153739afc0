import { open } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { type DataDirs, findFile, sha256, sweepLeftovers, writableFolder } from "./cache.ts";
import type { Target } from "./resize.ts";

// Images that were resized once are kept in the folder `resized` of the data folder, under a name that is made of their
// contents and of the size: the bytes, and then their sha256.

const FOLDER = "resized";
const HASH_BYTES = 32;

/** Raised whenever the same images give other pixels than before. */
const VERSION = 1;

/** What the kept pixels depend on. */
export interface ResizedKey {
  /** Of the files. */
  readonly hash: string;
  readonly target: Target;
  readonly channels: 1 | 3 | undefined;
}

const nameOf = ({ hash, target: { height, width, fit }, channels }: ResizedKey) =>
  `${sha256(Buffer.from(JSON.stringify([VERSION, hash, height, width, fit, channels ?? "any"])))}.bytes`;

/** Of images, of 8 or of 16 bits. */
export type Levels = Uint8Array | Uint16Array;

/** The pixels of `count` images of 1 or 3 channels, in shared memory; undefined where there are none, or damaged ones. */
export async function readResized(
  dirs: DataDirs,
  key: ResizedKey,
  count: number,
): Promise<Levels | undefined> {
  const path = await findFile(dirs, FOLDER, [nameOf(key)]);
  if (path === undefined) return undefined;
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const length = (await file.stat()).size - HASH_BYTES;
    const size = count * key.target.height * key.target.width;
    if (![1, 2, 3, 6].includes(length / size)) return undefined;
    const pixels = new Uint8Array(new SharedArrayBuffer(length));
    for (let at = 0; at < length; ) {
      const { bytesRead } = await file.read(pixels, at, Math.min(CHUNK_BYTES, length - at), at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
    }
    const hash = Buffer.alloc(HASH_BYTES);
    await file.read(hash, 0, HASH_BYTES, length);
    if (hash.toString("hex") !== sha256(pixels)) return undefined;
    return length % (2 * size) === 0 ? new Uint16Array(pixels.buffer) : pixels;
  } finally {
    await file.close();
  }
}

const CHUNK_BYTES = 2 ** 26;

/** Keeps pixels. Without a folder that can be written, or with a full one, they are made again the next time. */
export async function keepResized(dirs: DataDirs, key: ResizedKey, pixels: Levels): Promise<void> {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  try {
    await sweepLeftovers(dirs, FOLDER);
    const path = join(await writableFolder(dirs, FOLDER), nameOf(key));
    await writeFileAtomic(path, [bytes, Buffer.from(sha256(bytes), "hex")]);
  } catch {}
}
