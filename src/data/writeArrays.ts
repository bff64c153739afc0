import { zipSync } from "fflate";

/** Numbers with their shape, row-major. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint8Array | Uint16Array;
}

export interface Float32Values extends Values {
  readonly values: Float32Array;
}

/** Arrays by name as an `.npz`, a ZIP of `.npy` files. Equal input, equal bytes. */
export function npzBytes(arrays: Readonly<Record<string, Values>>): Buffer {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyBytes(array)] as const);
  return Buffer.from(zipSync(Object.fromEntries(files), { level: 6, mtime: new Date(1980, 0, 1, 12) }));
}

/** As a `.npy` file (NEP 1, version 1) of float32, uint8 or uint16. */
export function npyBytes({ shape, values }: Values): Uint8Array {
  const type = values instanceof Float32Array ? "<f4" : values instanceof Uint16Array ? "<u2" : "|u1";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`; // the numbers start at a multiple of 64
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const { buffer, byteOffset, byteLength } = values;
  return Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    length,
    Buffer.from(padded, "latin1"),
    Buffer.from(buffer, byteOffset, byteLength),
  ]);
}
