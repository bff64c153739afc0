import { constants, inflateSync } from "node:zlib";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { type NumberArray, sizeOf, transposed } from "./npy.ts";
import { DEFLATE_RATIO, MAX_FILE_BYTES } from "./readInput.ts";

// MATLAB's MAT-file format, level 5 (versions 5 to 7): a header of 128 bytes, then elements of 8 bytes of type and length and
// their data, padded to 8 bytes; an array is an element of elements (flags, dimensions, name, values), most often compressed.

/** An array in a MAT-file. Its values are read when they are asked for. */
export interface MatEntry {
  readonly name: string;
  read(): ColumnMajor;
}

/** An array in the order of MATLAB: the first index runs fastest. */
export type ColumnMajor = NumberArray;

const HEADER_BYTES = 128;
const [MATRIX, COMPRESSED] = [14, 15];

/** Enough for flags, dimensions and the longest name. */
const ARRAY_HEADER_BYTES = 1024;

interface ValueType {
  readonly bytes: number;
  read(view: DataView, at: number, isLittle: boolean): number;
}

/** What values are stored as, by the number of the type. */
const storedTypes: Readonly<Record<number, ValueType>> = {
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 2, read: (view, at, isLittle) => view.getInt16(at, isLittle) },
  4: { bytes: 2, read: (view, at, isLittle) => view.getUint16(at, isLittle) },
  5: { bytes: 4, read: (view, at, isLittle) => view.getInt32(at, isLittle) },
  6: { bytes: 4, read: (view, at, isLittle) => view.getUint32(at, isLittle) },
  7: { bytes: 4, read: (view, at, isLittle) => view.getFloat32(at, isLittle) },
  9: { bytes: 8, read: (view, at, isLittle) => view.getFloat64(at, isLittle) },
  12: { bytes: 8, read: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)) },
  13: { bytes: 8, read: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)) },
};

/** What values are, by the number of the class; as numpy calls it. Others hold no numbers. */
const classes: Readonly<Record<number, string>> = {
  6: "float64",
  7: "float32",
  8: "int8",
  9: "uint8",
  10: "int16",
  11: "uint16",
  12: "int32",
  13: "uint32",
  14: "int64",
  15: "uint64",
};

/** What the other classes are. */
const otherClasses: Readonly<Record<number, string>> = {
  1: "a cell array",
  2: "a structure",
  3: "an object",
  4: "text",
  5: "a sparse array",
};

const COMPLEX = 0x0800;
const LOGICAL = 0x0200;

const failure = (name: string, problem: string, cause?: unknown) =>
  new VaeError("failure", `${name}: ${problem}`, { cause });

export const isMat = (bytes: Buffer) => bytes.toString("latin1", 0, 6) === "MATLAB";

/** The arrays of numbers in a file. Nothing but their headers is decompressed; what else there is is passed over. */
export function matEntries(bytes: Buffer, path: string): MatEntry[] {
  const isLittle = byteOrder(bytes, path);
  const entries: MatEntry[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const { type, start, end, next } = elementAt(bytes, at, isLittle, path);
    const packed = bytes.subarray(start, end);
    if (type === MATRIX) {
      const name = arrayHeader(packed, isLittle, path).name;
      entries.push({ name, read: () => readArray(packed, isLittle, `${path}, array ${name}`) });
    } else if (type === COMPRESSED) {
      const first = inflated(
        packed.subarray(0, 2 * ARRAY_HEADER_BYTES),
        DEFLATE_RATIO * 2 * ARRAY_HEADER_BYTES,
        path,
      );
      const { name } = arrayHeader(first.subarray(8), isLittle, path);
      entries.push({ name, read: () => readCompressed(packed, first, isLittle, `${path}, array ${name}`) });
    }
    at = next;
  }
  return entries;
}

function byteOrder(bytes: Buffer, path: string): boolean {
  if (bytes.toString("latin1", 0, 10) === "MATLAB 7.3") {
    throw failure(
      path,
      "a MAT-file of version 7.3, which is HDF5. Accepted: save it in MATLAB with the option -v7.",
    );
  }
  const order = bytes.toString("latin1", 126, 128);
  if (order === "IM" || order === "MI") return order === "IM";
  throw failure(path, "the MAT-file is damaged or cut off: bytes 126 and 127 do not say its byte order.");
}

interface Element {
  readonly type: number;
  /** Of its data. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

function elementAt(bytes: Buffer, at: number, isLittle: boolean, path: string): Element {
  const cutOff = () =>
    failure(path, `the MAT-file is damaged or cut off: byte ${at} is not the start of what it holds.`);
  if (at + 8 > bytes.length) throw cutOff();
  const u32 = (place: number) => (isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place));
  const [first, second] = [u32(at), u32(at + 4)];
  // Up to four bytes of data may stand where their length would, and it beside the type.
  const small = first >>> 16;
  if (small > 4) throw cutOff();
  if (small > 0) return { type: first & 0xffff, start: at + 4, end: at + 4 + small, next: at + 8 };
  const end = at + 8 + second;
  if (end > bytes.length) throw cutOff();
  return { type: first, start: at + 8, end, next: first === COMPRESSED ? end : Math.ceil(end / 8) * 8 };
}

interface ArrayHeader {
  readonly name: string;
  readonly kind: number;
  readonly flags: number;
  readonly dims: readonly number[];
  /** Where its values are. */
  readonly next: number;
}

/** From the inside of an array, of which the end may be missing. */
function arrayHeader(bytes: Buffer, isLittle: boolean, path: string): ArrayHeader {
  const flags = elementAt(bytes, 0, isLittle, path);
  const dims = elementAt(bytes, flags.next, isLittle, path);
  const name = elementAt(bytes, dims.next, isLittle, path);
  const rank = (dims.end - dims.start) / 4;
  if (
    flags.end - flags.start !== 8 ||
    !Number.isInteger(rank) ||
    rank < 2 ||
    rank > 32 ||
    name.end - name.start > 512
  ) {
    throw failure(
      path,
      "the MAT-file is damaged: an array does not start with its class, dimensions and name.",
    );
  }
  const i32 = (place: number) => (isLittle ? bytes.readInt32LE(place) : bytes.readInt32BE(place));
  const word = i32(flags.start);
  return {
    name: bytes.toString("latin1", name.start, name.end),
    kind: word & 0xff,
    flags: word,
    dims: Array.from({ length: rank }, (_, i) => i32(dims.start + 4 * i)),
    next: name.next,
  };
}

function readCompressed(packed: Buffer, first: Buffer, isLittle: boolean, name: string): ColumnMajor {
  const told = 8 + (isLittle ? first.readUInt32LE(4) : first.readUInt32BE(4));
  if (told > DEFLATE_RATIO * packed.length) {
    throw failure(
      name,
      `says that it has ${told} bytes, which ${packed.length} compressed ones cannot hold.`,
    );
  }
  if (told > MAX_FILE_BYTES || 2 * told > memoryLimit()) {
    const most = formatBytes(Math.min(MAX_FILE_BYTES, memoryLimit() / 2));
    throw failure(name, `has ${formatBytes(told)}. Accepted here: up to ${most}; save it in parts.`);
  }
  const bytes = inflated(packed, told, name);
  if (bytes.length < told) throw failure(name, "the compressed data is cut off.");
  return readArray(bytes.subarray(8), isLittle, name);
}

function inflated(packed: Buffer, maxOutputLength: number, name: string): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw failure(name, `the compressed data is damaged (${(error as Error).message}).`, error);
  }
}

function readArray(bytes: Buffer, isLittle: boolean, name: string): ColumnMajor {
  const { kind, flags, dims, next } = arrayHeader(bytes, isLittle, name);
  const type = flags & LOGICAL ? "bool" : classes[kind];
  if (type === undefined || flags & COMPLEX) {
    const told = flags & COMPLEX ? "complex numbers" : (otherClasses[kind] ?? `class ${kind}`);
    throw failure(
      name,
      `holds ${told}. Accepted: numeric and logical arrays that are full${kind === 1 ? "; cells of images of one size become one by cat(4, X{:})" : ""}.`,
    );
  }
  const data = elementAt(bytes, next, isLittle, name);
  const stored = storedTypes[data.type];
  const count = sizeOf(dims);
  if (!stored || dims.some((dim) => dim < 0) || count * stored.bytes !== data.end - data.start) {
    throw failure(
      name,
      `the MAT-file is damaged: its values are not those of an array of ${dims.join("x")}.`,
    );
  }
  return { name, dims, type, values: valuesOf(bytes.subarray(data.start, data.end), stored, type, isLittle) };
}

function valuesOf(bytes: Buffer, stored: ValueType, type: string, isLittle: boolean): ColumnMajor["values"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === "uint8" && stored === storedTypes[2])
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length / stored.bytes;
  const isExact = type === "float64" || type.endsWith("32") || type.endsWith("64");
  const values = new (
    type === "bool" || type === "uint8"
      ? Uint8Array
      : isExact && type !== "float32"
        ? Float64Array
        : Float32Array
  )(count);
  for (let i = 0; i < count; i++) values[i] = stored.read(view, i * stored.bytes, isLittle);
  return type === "bool" ? (values as Uint8Array).map((value) => Number(value !== 0)) : values;
}

/** How the dimensions of arrays are meant, where the format leaves it open. */
export interface ArrayLayout {
  /** Which dimension counts the images; where it is not said, it must be clear. */
  readonly examples?: "first" | "last" | undefined;
  /** Height and width where an image is a row or a column. */
  readonly shape?: readonly number[] | undefined;
  /** Of text: which number of a line is the class; where it is not said, it must be clear. */
  readonly classColumn?: "first" | "last" | undefined;
}

/** The array row-major, with the dimension that counts the examples as its first one. A row or column of numbers gets one dimension. */
export function examplesFirst(array: ColumnMajor, layout: ArrayLayout): NumberArray {
  const { name, dims, type, values } = array;
  if (dims.length === 2 && dims.includes(1)) return { name, dims: [sizeOf(dims)], type, values };
  const where = layout.examples ?? clearly(dims, layout.shape);
  if (where === undefined) {
    throw new VaeError(
      "usage",
      `${name}: an array of ${dims.join("x")}, of which it is not clear which dimension counts the images. ` +
        "Set dataset.examples: last, as is usual in MATLAB, or first.",
    );
  }
  // Column-major [H, W, C, N] is the memory of row-major [N, C, W, H].
  const reversed = dims.toReversed();
  const backwards = dims.map((_, i) => i).toReversed();
  const axes = where === "first" ? backwards : [0, ...backwards.slice(0, -1)];
  if (axes.every((axis, i) => axis === i)) return { name, dims: reversed, type, values };
  return {
    name,
    dims: axes.map((axis) => reversed[axis]!),
    type,
    values: transposed(values, reversed, axes),
  };
}

/** Images are square, have 1 or 3 channels, or the size that is told; with 2 dimensions and nothing told, rows are examples. */
function clearly(dims: readonly number[], shape: ArrayLayout["shape"]): ArrayLayout["examples"] {
  const [a, b, c, d] = dims;
  const isOne = (first: boolean, last: boolean) => (first === last ? undefined : first ? "first" : "last");
  if (dims.length === 2) return shape && sizeOf(shape) === a && sizeOf(shape) !== b ? "last" : "first";
  if (dims.length === 3) return isOne(b === c, a === b);
  if (dims.length === 4) return isOne(d === 1 || d === 3, c === 1 || c === 3);
  return undefined;
}
