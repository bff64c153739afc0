import { constants, inflateRawSync } from "node:zlib";
import { VaeError } from "../base/errors.ts";
import { DEFLATE_RATIO } from "./readInput.ts";

/** A file in a ZIP archive, as the directory at the archive's end tells of it. */
export interface ZipEntry {
  readonly name: string;
  /** Of the file itself. */
  readonly bytes: number;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly packed: Uint8Array;
}

const [LOCAL, DIRECTORY, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [END_BYTES, DIRECTORY_BYTES, LOCAL_BYTES] = [22, 46, 30];
const MAX_COMMENT_BYTES = 0xffff;
const [STORED, DEFLATED] = [0, 8];
const [ENCRYPTED, ZIP64] = [1, 0xffffffff];

const failure = (path: string, problem: string, cause?: unknown) =>
  new VaeError("failure", `${path}: ${problem}`, { cause });

export const isZip = (bytes: Buffer) => bytes.length >= 4 && [LOCAL, END].includes(bytes.readUInt32LE(0));

/** The files of an archive, stored or deflated, below 4 GiB. Nothing is decompressed. */
export function zipEntries(bytes: Buffer, path: string): ZipEntry[] {
  try {
    return readDirectory(bytes, path);
  } catch (error) {
    if (error instanceof RangeError)
      throw failure(path, "the ZIP archive is damaged: its directory is.", error);
    throw error;
  }
}

function readDirectory(bytes: Buffer, path: string): ZipEntry[] {
  const end = endOf(bytes, path);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (bytes.readUInt32LE(at) !== DIRECTORY) {
      throw failure(path, `the ZIP archive is damaged: byte ${at} is not entry ${i + 1} of its directory.`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const name = bytes.toString("utf8", at + DIRECTORY_BYTES, at + DIRECTORY_BYTES + nameBytes!);
    entries.push(readEntry(bytes, at, name, path));
    at += DIRECTORY_BYTES + nameBytes! + extraBytes! + commentBytes!;
  }
  return entries;
}

/** The directory's end is the last thing in an archive, but for a comment. */
function endOf(bytes: Buffer, path: string): number {
  const first = Math.max(0, bytes.length - END_BYTES - MAX_COMMENT_BYTES);
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (bytes.readUInt32LE(at) === END) return at;
  }
  throw failure(path, `the ZIP archive is cut off: it ends at byte ${bytes.length}, before its directory.`);
}

function readEntry(bytes: Buffer, at: number, name: string, path: string): ZipEntry {
  const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
  const [crc, packedBytes, size, local] = [16, 20, 24, 42].map((field) => bytes.readUInt32LE(at + field)) as [
    number,
    number,
    number,
    number,
  ];
  const where = `${path}, ${name}`;
  if (flags & ENCRYPTED) throw failure(where, "is encrypted.");
  if (method !== STORED && method !== DEFLATED) {
    throw failure(where, `compression method ${method}. Accepted: 0 (stored) and 8 (deflate).`);
  }
  if (size === ZIP64 || packedBytes === ZIP64 || local === ZIP64) {
    throw failure(where, "is larger than 4 GiB. Accepted: less; save it as a .npy file or in parts.");
  }
  if (bytes.readUInt32LE(local) !== LOCAL) {
    throw failure(where, `the ZIP archive is damaged: the file does not start at byte ${local}.`);
  }
  const start = local + LOCAL_BYTES + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const packed = bytes.subarray(start, start + packedBytes);
  const isDeflated = method === DEFLATED;
  const most = isDeflated ? DEFLATE_RATIO * packedBytes : packedBytes;
  if (packed.length < packedBytes || size > most) {
    throw failure(where, `the ZIP archive is damaged: it does not hold the ${size} bytes that it tells of.`);
  }
  return { name, bytes: size, isDeflated, crc, packed };
}

/** The first bytes of a file, at least `least` where it has so many: enough to look at what it says that it holds. */
export function startOf({ isDeflated, packed }: ZipEntry, least: number, where: string): Uint8Array {
  if (!isDeflated) return packed.subarray(0, least);
  // Compressed bytes are at least as many as those of the file, for all but the headers of blocks.
  return inflated(packed.subarray(0, 2 * least), 2 * least * DEFLATE_RATIO, where);
}

/** A whole file. Takes no more memory than the directory tells of. */
export function unpack({ isDeflated, packed, bytes, crc }: ZipEntry, where: string): Uint8Array {
  const unpacked = isDeflated ? inflated(packed, Math.max(1, bytes), where) : packed;
  if (unpacked.length !== bytes || crc32(unpacked) !== crc) {
    throw failure(
      where,
      "the ZIP archive is damaged: the file is not the one that was put in, by its checksum.",
    );
  }
  return unpacked;
}

function inflated(packed: Uint8Array, maxOutputLength: number, where: string): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw failure(where, `the compressed data is damaged (${(error as Error).message}).`, error);
  }
}

const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** Of ZIP, as `crc32` of node:zlib, which the first versions of Node 20 do not have. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_OF_BYTE[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
