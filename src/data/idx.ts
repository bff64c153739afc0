import { createGunzip } from "node:zlib";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import type { Split } from "./dataset.ts";
import { imageSplit } from "./images.ts";
import { DEFLATE_RATIO, MAX_FILE_BYTES } from "./readInput.ts";

/** An array of unsigned bytes as an IDX file holds it: labels [N], images [N, H, W] or [N, H, W, C]. */
export interface IdxArray {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** An array and where it is from, for messages. */
export interface IdxFile extends IdxArray {
  readonly fileName: string;
}

/** The third byte of the magic number: what one value is. Only unsigned bytes are read. */
const valueTypes: Record<number, string> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

/** What an IDX file says of itself before its values come. */
interface IdxHeader {
  readonly dims: readonly number[];
  /** Of the header. */
  readonly headerBytes: number;
  /** Of the whole file. */
  readonly totalBytes: number;
}

/**
 * Reads the IDX format of the MNIST files: 0, 0, the value type, the number of dimensions; each dimension as a
 * big-endian 32-bit integer; then the values, row-major. `data` is a view into `bytes`.
 */
export function parseIdx(bytes: Uint8Array, fileName: string): IdxFile {
  const { dims, headerBytes, totalBytes } = parseHeader(bytes, fileName);
  if (bytes.length !== totalBytes) {
    const ends = `${bytes.length < totalBytes ? "ends at" : "goes on to"} byte ${bytes.length}`;
    throw failure(fileName, `expected ${totalBytes} bytes for ${contents(dims)}, the file ${ends}.`);
  }
  // Not `bytes.subarray`, which of a Buffer would be a Buffer, with methods of other meaning.
  return {
    fileName,
    dims,
    data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, totalBytes - headerBytes),
  };
}

const failure = (fileName: string, problem: string) => new VaeError("failure", `${fileName}: ${problem}`);

/** The length of the longest header. */
const MAX_HEADER_BYTES = 20;

function parseHeader(bytes: Uint8Array, fileName: string): IdxHeader {
  const fail = (problem: string) => failure(fileName, problem);
  if (bytes.length < 4) {
    throw fail(`not an IDX file: it ends at byte ${bytes.length}, inside the 4-byte magic number.`);
  }
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    throw fail(
      `not an IDX file: it starts with bytes ${hex(zero0)} ${hex(zero1)}, an IDX file with 0x00 0x00. ` +
        "Accepted: unsigned-byte IDX as MNIST has it, plain or gzip.",
    );
  }
  if (type !== 8) {
    throw fail(
      `byte 2 is ${hex(type)} (${valueTypes[type] ?? "no known value type"}). Accepted: 0x08 (unsigned bytes).`,
    );
  }
  if (rank < 1 || rank > 4) {
    throw fail(`byte 3 says ${rank} dimensions. Accepted: 1 (labels), 3 or 4 (images).`);
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw fail(`the file ends at byte ${bytes.length}, inside the header of ${headerBytes} bytes.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const empty = dims.indexOf(0);
  if (empty >= 0)
    throw fail(`the dimension at byte ${4 + 4 * empty} is 0: the file holds ${contents(dims)}.`);
  return { dims, headerBytes, totalBytes: headerBytes + dims.reduce((product, dim) => product * dim) };
}

/** Images [N, H, W] or [N, H, W, C] and labels [N] as a split. */
export function splitOf(images: IdxFile, labels?: IdxFile): Split {
  const count = images.dims[0]!;
  if (labels !== undefined && labels.dims.join() !== String(count)) {
    throw new VaeError(
      "failure",
      `${labels.fileName}: an array of ${labels.dims.join("x")} bytes. ` +
        `Expected one label for each of the ${count} images of ${images.fileName}.`,
    );
  }
  return imageSplit(count, images.data, labels?.data);
}

/** The inverse of `parseIdx`. */
export function encodeIdx({ dims, data }: IdxArray): Uint8Array {
  const headerBytes = 4 + 4 * dims.length;
  const bytes = new Uint8Array(headerBytes + data.length);
  bytes.set([0, 0, 8, dims.length]);
  const view = new DataView(bytes.buffer);
  dims.forEach((dim, i) => {
    view.setUint32(4 + 4 * i, dim);
  });
  bytes.set(data, headerBytes);
  return bytes;
}

/** Decompressed at a time. With zlib's 16 KiB, most of the time passes between two chunks. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** `bytes` of an IDX file decompressed if they are gzip, otherwise as they are. Takes no more memory than the header tells of. */
export async function decompress(bytes: Uint8Array, fileName: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await gunzip(bytes, fileName);
  } catch (error) {
    if (error instanceof VaeError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const problem =
      code === "Z_BUF_ERROR"
        ? `cut off: the file ends at byte ${bytes.length}`
        : `damaged, at or before byte ${await damagedAt(bytes)} (${message})`;
    throw new VaeError("failure", `${fileName}: the gzip data is ${problem}.`, { cause: error });
  }
}

async function gunzip(packed: Uint8Array, fileName: string): Promise<Uint8Array> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  stream.end(packed);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let header: IdxHeader | undefined;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (!header && length >= MAX_HEADER_BYTES) {
      header = parseHeader(Buffer.concat(chunks), fileName);
      checkSize(header, packed.length, fileName);
    }
    if (header && length > header.totalBytes) {
      const expected = `expected ${header.totalBytes} bytes for ${contents(header.dims)}`;
      throw failure(fileName, `${expected}, but the gzip data goes on after them.`);
    }
  }
  return Buffer.concat(chunks, length);
}

/** Refuses what a file of `packedBytes` cannot hold, and what could not be read without gzip either. */
function checkSize({ dims, totalBytes }: IdxHeader, packedBytes: number, fileName: string): void {
  const told = `the header tells of ${contents(dims)}, which are ${formatBytes(totalBytes)}`;
  if (totalBytes > DEFLATE_RATIO * packedBytes) {
    throw failure(fileName, `${told}, more than a gzip file of ${packedBytes} bytes can hold.`);
  }
  if (totalBytes > MAX_FILE_BYTES || 2 * totalBytes > memoryLimit()) {
    const accepted = formatBytes(Math.min(MAX_FILE_BYTES, memoryLimit() / 2));
    throw failure(fileName, `${told}. Accepted here: up to ${accepted}; put fewer images in the file.`);
  }
}

/** zlib does not tell where it failed, so the bytes are fed to it once more, 1 KiB at a time. */
function damagedAt(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    let end = 0;
    const stream = createGunzip()
      .resume()
      .on("error", () => resolve(end));
    const feed = () => {
      if (end >= bytes.length) return resolve(end);
      const chunk = bytes.subarray(end, end + 1024);
      end += chunk.length;
      stream.write(chunk, (error) => error ?? feed());
    };
    feed();
  });
}

function contents(dims: readonly number[]): string {
  const [count, ...size] = dims;
  return size.length === 0 ? `${count} labels` : `${count} images of ${size.join("x")}`;
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
