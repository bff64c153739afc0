import { unzipSync, zipSync } from "fflate";
import { VaeError } from "../base/errors.ts";
import { readInput } from "./readInput.ts";

/** An array of numbers with its shape, row-major. */
export interface NumberArray {
  readonly shape: readonly number[];
  /** As the file has them, or as float64 where JavaScript has no such numbers. */
  readonly values: Uint8Array | Uint16Array | Float32Array | Float64Array;
}

/** What arrays of a file may hold together, in bytes: a zip says how long its contents are, and may lie. */
const MOST_BYTES = 2 ** 31 - 1;

const MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]); // \x93NUMPY

type Reader = (view: DataView, at: number, isLittle: boolean) => number;

/** The numbers of NumPy by the letters and bytes of their kind. */
const readers: Readonly<Record<string, Reader>> = {
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f2: (view, at, little) => halfOf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

const containers: Readonly<Record<string, (length: number) => NumberArray["values"]>> = {
  b1: (n) => new Uint8Array(n),
  u1: (n) => new Uint8Array(n),
  u2: (n) => new Uint16Array(n),
  f2: (n) => new Float32Array(n),
  f4: (n) => new Float32Array(n),
};

const fail = (path: string, problem: string) => new VaeError("failure", `${path}: ${problem}.`);

/** Reads an array as numpy.save writes it (NEP 1, versions 1 to 3). */
export function parseNpy(bytes: Uint8Array, path: string): NumberArray {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, 6).equals(MAGIC)) throw fail(path, "not a NumPy array, by its first bytes");
  const version = file[6] ?? 0;
  if (version < 1 || version > 3) throw fail(path, `its format has version ${version}. Accepted: 1, 2 and 3`);
  const start = version === 1 ? 10 : 12;
  if (file.length < start) throw fail(path, `it ends at byte ${file.length}, within its header`);
  const length = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  if (start + length > file.length) throw fail(path, `it ends at byte ${file.length}, within its header`);
  const header = file.toString("latin1", start, start + length);
  const descr = /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d*)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const shapeText = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(header);
  if (!order || !shapeText) throw fail(path, "its header is damaged: it names no shape");
  const type = descr?.[2] ?? "";
  const read = readers[type];
  if (!read) {
    throw fail(
      path,
      `its numbers are not of a kind that is read (${header.slice(0, 60)}…). Accepted: bool, int, uint and float`,
    );
  }
  const shape = shapeText[1]!
    .split(",")
    .map((n) => n.replace(/L$/, "").trim())
    .filter((n) => n !== "")
    .map(Number);
  const count = shape.reduce((product, n) => product * n, 1);
  const size = Number(type.slice(1));
  const has = file.length - start - length;
  if (!(count * size <= has)) {
    throw fail(
      path,
      `its header says ${shape.join("x")} numbers of ${size} bytes, and it has ${has} bytes of them`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset + start + length, has);
  const values = containers[type]?.(count) ?? new Float64Array(count);
  const isLittle = descr![1] !== ">";
  for (let i = 0; i < count; i++) values[i] = read(view, i * size, isLittle);
  return { shape, values: order[1] === "True" ? rowMajor(values, shape) : values };
}

/** From column-major. */
function rowMajor<T extends NumberArray["values"]>(values: T, shape: readonly number[]): T {
  const result = values.slice() as T;
  const strides = shape.map((_, i) => shape.slice(0, i).reduce((product, n) => product * n, 1));
  const place = shape.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    result[i] = values[place.reduce((sum, p, axis) => sum + p * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]!++;
      if (place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
  return result;
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The arrays of an `.npz` by their names; of an `.npy` the one, named `x`. */
export async function readArrays(path: string): Promise<Readonly<Record<string, NumberArray>>> {
  const bytes = await readInput(path, `Cannot read ${path}`);
  if (bytes.subarray(0, 6).equals(MAGIC)) return { x: parseNpy(bytes, path) };
  if (bytes.subarray(0, 2).toString("latin1") !== "PK") {
    throw fail(path, "not a NumPy file (.npz or .npy), by its first bytes");
  }
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name, originalSize }) {
        total += originalSize;
        if (total > MOST_BYTES)
          throw fail(
            path,
            `its arrays say that they have more than ${MOST_BYTES} bytes, the most that is read`,
          );
        return name.endsWith(".npy");
      },
    });
  } catch (error) {
    if (error instanceof VaeError) throw error;
    throw fail(path, `the archive is damaged: ${(error as Error).message}`);
  }
  const arrays = Object.entries(files).map(
    ([name, file]) => [name.replace(/\.npy$/, ""), parseNpy(file, `${path}, ${name}`)] as const,
  );
  if (arrays.length === 0) throw fail(path, "it holds no arrays");
  return Object.fromEntries(arrays);
}

/** Arrays as an `.npz`, as numpy.load reads it. Equal input, equal bytes. */
export function npzOf(
  arrays: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly values: Float32Array | Uint8Array }>
  >,
): Uint8Array {
  const files = Object.entries(arrays).map(([name, { shape, values }]) => {
    const type = values instanceof Float32Array ? "<f4" : "|u1";
    const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
    const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
    const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`; // so that the numbers start at a multiple of 64
    const head = Buffer.alloc(10);
    MAGIC.copy(head);
    head.writeUInt8(1, 6);
    head.writeUInt16LE(padded.length, 8);
    const body = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    return [`${name}.npy`, Buffer.concat([head, Buffer.from(padded, "latin1"), body])] as const;
  });
  return zipSync(Object.fromEntries(files), { level: 6, mtime: new Date(1980, 0, 1, 12) });
}
