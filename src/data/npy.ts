import { endianness } from "node:os";
import { VaeError } from "../base/errors.ts";

/** An array of numbers, row-major, and where it is from, for messages. */
export interface NumberArray {
  readonly name: string;
  readonly dims: readonly number[];
  /** As numpy calls it, such as `uint8`. */
  readonly type: string;
  /** Bytes of `uint8` and `bool` (0 and 1), otherwise floats that hold each value, or integers that are an error. */
  readonly values: Uint8Array | Float32Array | Float64Array;
}

/** What an array says of itself before its values come. */
export interface NpyHeader {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: ValueType;
  readonly isFortran: boolean;
  readonly isBigEndian: boolean;
  readonly headerBytes: number;
  /** Of header and values. */
  readonly totalBytes: number;
}

interface ValueType {
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  /** Of values in the byte order of this machine, aligned. */
  read(stored: Uint8Array<ArrayBuffer>, name: string): NumberArray["values"];
}

/** By the letter and the bytes of numpy's `descr`. */
const valueTypes: Readonly<Record<string, ValueType>> = {
  b1: { name: "bool", bytes: 1, read: (stored) => stored.map((v) => Number(v !== 0)) },
  u1: { name: "uint8", bytes: 1, read: (stored) => stored },
  u2: { name: "uint16", bytes: 2, read: ({ buffer }) => Float32Array.from(new Uint16Array(buffer)) },
  u4: { name: "uint32", bytes: 4, read: ({ buffer }) => Float64Array.from(new Uint32Array(buffer)) },
  u8: { name: "uint64", bytes: 8, read: ({ buffer }, name) => wholes(new BigUint64Array(buffer), name) },
  i1: { name: "int8", bytes: 1, read: (stored) => Float32Array.from(stored, (v) => (v << 24) >> 24) },
  i2: { name: "int16", bytes: 2, read: ({ buffer }) => Float32Array.from(new Int16Array(buffer)) },
  i4: { name: "int32", bytes: 4, read: ({ buffer }) => Float64Array.from(new Int32Array(buffer)) },
  i8: { name: "int64", bytes: 8, read: ({ buffer }, name) => wholes(new BigInt64Array(buffer), name) },
  f2: {
    name: "float16",
    bytes: 2,
    read: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfFloat),
  },
  f4: { name: "float32", bytes: 4, read: ({ buffer }) => new Float32Array(buffer) },
  f8: { name: "float64", bytes: 8, read: ({ buffer }) => new Float64Array(buffer) },
};

const ACCEPTED_TYPES = `arrays of ${Object.values(valueTypes)
  .map(({ name }) => name)
  .join(", ")}`;

const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/** numpy pads a header to 128 bytes, and only names of columns, which are not read, make it longer than a few of those. */
export const MAX_HEADER_BYTES = 4096;

export const isNpy = (bytes: Uint8Array) => MAGIC.equals(bytes.subarray(0, MAGIC.length));

const failure = (name: string, problem: string) => new VaeError("failure", `${name}: ${problem}`);

/** Reads the header, versions 1 to 3 of the format, from the first bytes of an array. */
export function npyHeader(bytes: Uint8Array, name: string): NpyHeader {
  if (!isNpy(bytes)) throw failure(name, "not a numpy array, by its first bytes.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cutOff = () => failure(name, `the file ends at byte ${bytes.length}, inside the header.`);
  if (bytes.length < 12) throw cutOff();
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw failure(name, `version ${version} of the format (byte 6). Accepted: 1, 2 and 3.`);
  }
  const start = version === 1 ? 10 : 12;
  const headerBytes = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (headerBytes > MAX_HEADER_BYTES) {
    throw failure(name, `a header of ${headerBytes} bytes. Accepted: up to ${MAX_HEADER_BYTES}.`);
  }
  if (bytes.length < headerBytes) throw cutOff();
  const text = Buffer.from(bytes.subarray(start, headerBytes)).toString("utf8");
  const { type, isBigEndian } = parseType(text, name);
  const fortran = /'fortran_order'\s*:\s*(True|False)\b/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (fortran === undefined || shape === undefined) {
    throw failure(name, "the header is damaged: it does not say which shape and order the array has.");
  }
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  const totalBytes = headerBytes + type.bytes * sizeOf(dims);
  if (!Number.isSafeInteger(totalBytes)) {
    throw failure(name, `the header tells of ${contents({ dims, type })}, more than any file holds.`);
  }
  return { name, dims, type, isFortran: fortran === "True", isBigEndian, headerBytes, totalBytes };
}

function parseType(text: string, name: string): Pick<NpyHeader, "type" | "isBigEndian"> {
  const descr = /'descr'\s*:\s*('[^']*'|\[)/.exec(text)?.[1];
  if (descr === undefined) throw failure(name, "the header is damaged: it does not say what a value is.");
  const [, order, code] = /^'([<>|=])(\w+)'$/.exec(descr) ?? [];
  const type = Object.hasOwn(valueTypes, code ?? "") ? valueTypes[code!] : undefined;
  if (type) return { type, isBigEndian: order === ">" };
  const told = descr === "[" ? "columns with names" : descr === "'|O'" ? "Python objects" : `type ${descr}`;
  throw failure(name, `holds ${told}. Accepted: ${ACCEPTED_TYPES}.`);
}

/** Reads a whole `.npy` file, or an array of an `.npz`. Values of one byte in C order stay where they are. */
export function parseNpy(bytes: Uint8Array, name: string): NumberArray {
  const header = npyHeader(bytes, name);
  const { dims, type, totalBytes } = header;
  if (bytes.length !== totalBytes) {
    const ends = `${bytes.length < totalBytes ? "ends at" : "goes on to"} byte ${bytes.length}`;
    throw failure(name, `expected ${totalBytes} bytes for ${contents(header)}, the file ${ends}.`);
  }
  const stored = type.read(inOwnOrder(bytes, header), name);
  // In Fortran order the first index runs fastest: the same memory is the array with its axes reversed.
  const values = header.isFortran
    ? transposed(stored, dims.toReversed(), dims.map((_, i) => i).toReversed())
    : stored;
  return { name, dims, type: type.name, values };
}

/** The values' bytes: a view of single ones, otherwise a copy, since in a file they are not aligned. */
function inOwnOrder(
  bytes: Uint8Array,
  { type, isBigEndian, headerBytes }: NpyHeader,
): Uint8Array<ArrayBuffer> {
  const length = bytes.length - headerBytes;
  // Not `bytes.subarray`, which of a Buffer would be a Buffer, with methods of other meaning.
  const view = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + headerBytes, length);
  if (type.bytes === 1) return view;
  const copy = view.slice();
  if (isBigEndian !== (endianness() === "BE")) {
    const buffer = Buffer.from(copy.buffer);
    if (type.bytes === 2) buffer.swap16();
    if (type.bytes === 4) buffer.swap32();
    if (type.bytes === 8) buffer.swap64();
  }
  return copy;
}

/** 64-bit integers as numbers, which hold whole numbers up to 2^53. */
function wholes(values: BigInt64Array | BigUint64Array, name: string): Float64Array {
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    numbers[i] = Number(values[i]!);
    if (!Number.isSafeInteger(numbers[i])) {
      throw failure(
        name,
        `value ${i} is ${values[i]}. Accepted: whole numbers up to ${Number.MAX_SAFE_INTEGER}.`,
      );
    }
  }
  return numbers;
}

/** IEEE 754 binary16. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** How many values there are. */
export const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Row-major values with axis `axes[i]` of `dims` as their axis i. */
export function transposed<Values extends NumberArray["values"] | Uint16Array>(
  values: Values,
  dims: readonly number[],
  axes: readonly number[],
): Values {
  const strides = dims.map((_, i) => sizeOf(dims.slice(i + 1)));
  const out = values.slice() as Values;
  let at = 0;
  const fill = (axis: number, from: number): void => {
    const [length, stride] = [dims[axes[axis]!]!, strides[axes[axis]!]!];
    const isLast = axis === axes.length - 1;
    for (let i = 0; i < length; i++) {
      if (isLast) out[at++] = values[from + i * stride]!;
      else fill(axis + 1, from + i * stride);
    }
  };
  if (axes.length > 0) fill(0, 0);
  return out;
}

export const contents = ({ dims, type }: Pick<NpyHeader, "dims" | "type">) =>
  dims.length === 0 ? `one value of ${type.name}` : `${dims.join("x")} values of ${type.name}`;
