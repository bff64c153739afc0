import { inflateRawSync } from "node:zlib";
import { VaeError } from "../base/errors.ts";
import { fieldSize } from "./field.ts";
import { DEFLATE_RATIO, MAX_FILE_BYTES } from "./readInput.ts";

/** An array of an `.npz` file, row-major. */
export interface NpzArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Whether it is stored as integers. */
  readonly isInteger?: boolean;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const MAGIC = "\x93NUMPY";

/** Arrays by name as NumPy's `.npz`: a ZIP of `.npy` files, float32 and not compressed. Equal input, equal bytes. */
export function npzBytes(arrays: Readonly<Record<string, NpzArray>>): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const [path, content] = [Buffer.from(`${name}.npy`), npyBytes(array)];
    const about = Buffer.alloc(26); // version, flags, method, time, date, checksum, sizes, length of the name, of what is more
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(0x21, 8); // 1 January 1980
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(content.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(path.length, 22);
    const place = Buffer.alloc(14); // comment, disk, attributes, then where the file starts
    place.writeUInt32LE(at, 10);
    const file = Buffer.concat([uint32(LOCAL), about, path, content]);
    files.push(file);
    directory.push(Buffer.concat([uint32(CENTRAL), Buffer.from([20, 0]), about, place, path]));
    at += file.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...files, central, uint32(END), end]);
}

function npyBytes({ shape, values }: NpzArray): Buffer {
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const { buffer, byteOffset, byteLength } = values;
  return Buffer.concat([
    Buffer.from(`${MAGIC}\x01\x00`, "latin1"),
    length,
    Buffer.from(padded, "latin1"),
    Buffer.from(buffer, byteOffset, byteLength),
  ]);
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** zlib has one from Node 20.15 on. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The arrays of an `.npz` by name, compressed or not, as `np.savez` and `np.savez_compressed` write them. `path` is for errors. */
export function readNpz(bytes: Buffer, path: string): ReadonlyMap<string, NpzArray> {
  try {
    return new Map(
      zipEntries(bytes, path).map(([name, content]) => [
        name.replace(/\.npy$/, ""),
        readNpy(content, `${path}: ${name}`),
      ]),
    );
  } catch (error) {
    if (error instanceof VaeError) throw error;
    throw fail(path, `the archive is damaged: ${(error as Error).message}`);
  }
}

const fail = (path: string, problem: string) => new VaeError("failure", `${path}: ${problem}.`);

function zipEntries(bytes: Buffer, path: string): [name: string, content: Buffer][] {
  const end = bytes.lastIndexOf(uint32(END));
  if (end < 0)
    throw fail(path, "not an .npz file, or only its beginning: it has no directory of a ZIP archive");
  const entries: [string, Buffer][] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const method = bytes.readUInt16LE(at + 10);
    const [packed, size] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)];
    const [nameLength, more, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength!);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(start, start + packed);
    if (size > Math.min(MAX_FILE_BYTES, DEFLATE_RATIO * packed)) {
      throw fail(path, `it says that ${name} has ${size} bytes, which ${packed} compressed ones cannot hold`);
    }
    if (method !== 0 && method !== 8) {
      throw fail(path, `${name} is compressed by method ${method}. Accepted: none, deflate`);
    }
    entries.push([name, method === 0 ? content : inflateRawSync(content, { maxOutputLength: size + 1 })]);
    at += 46 + nameLength! + more! + comment!;
  }
  return entries;
}

/** By NumPy's name of the type: bytes of a number, and how it is read. */
const TYPES: Readonly<Record<string, readonly [bytes: number, read: (bytes: Buffer, at: number) => number]>> =
  {
    "<f4": [4, (bytes, at) => bytes.readFloatLE(at)],
    "<f8": [8, (bytes, at) => bytes.readDoubleLE(at)],
    "|u1": [1, (bytes, at) => bytes.readUInt8(at)],
    "|b1": [1, (bytes, at) => bytes.readUInt8(at)],
    "<i4": [4, (bytes, at) => bytes.readInt32LE(at)],
    "<i8": [8, (bytes, at) => Number(bytes.readBigInt64LE(at))],
  };

function readNpy(bytes: Buffer, path: string): NpzArray {
  if (bytes.toString("latin1", 0, 6) !== MAGIC) throw fail(path, "not a .npy array, by its first bytes");
  const [length, start] = bytes[6] === 1 ? [bytes.readUInt16LE(8), 10] : [bytes.readUInt32LE(8), 12];
  const header = bytes.toString("latin1", start, start + length);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "unknown";
  const type = TYPES[descr];
  if (!type) {
    throw fail(path, `its numbers are ${descr}. Accepted: ${Object.keys(TYPES).join(", ")}`);
  }
  if (/'fortran_order':\s*True/.test(header))
    throw fail(path, "it is in Fortran order. np.ascontiguousarray makes it row-major");
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "").match(/\d+/g)?.map(Number) ?? [];
  const [size, read] = type;
  const count = fieldSize({ shape });
  if (start + length + count * size > bytes.length) {
    throw fail(
      path,
      `it ends after ${bytes.length} bytes, before the last of its [${shape.join(", ")}] numbers`,
    );
  }
  const values = Float32Array.from({ length: count }, (_, i) => read(bytes, start + length + i * size));
  return { shape, values, isInteger: !descr.startsWith("<f") };
}
