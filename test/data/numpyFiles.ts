import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../src/data/zip.ts";

interface Stored {
  /** As numpy writes it, such as `"<f4"`. */
  readonly descr: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array | Float32Array | Float64Array | BigInt64Array;
  readonly isFortran?: boolean;
  readonly version?: 1 | 2 | 3;
}

/** What `numpy.save` writes (numpy.lib.format). */
export function encodeNpy({ descr, dims, data, isFortran = false, version = 1 }: Stored): Buffer {
  const shape = `(${dims.join(", ")}${dims.length === 1 ? "," : ""})`;
  const order = isFortran ? "True" : "False";
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const start = version === 1 ? 10 : 12;
  const header = Buffer.alloc(Math.ceil((start + text.length + 1) / 64) * 64, " ");
  header.write("\x93NUMPY", "latin1");
  header.set([version, 0], 6);
  if (version === 1) header.writeUInt16LE(header.length - start, 8);
  else header.writeUInt32LE(header.length - start, 8);
  header.write(text, start);
  header.write("\n", header.length - 1);
  return Buffer.concat([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

export const bytes = (dims: readonly number[], value: (i: number) => number = (i) => i) =>
  encodeNpy({ descr: "|u1", dims, data: Uint8Array.from({ length: product(dims) }, (_, i) => value(i)) });

export const floats = (dims: readonly number[], value: (i: number) => number) =>
  encodeNpy({ descr: "<f4", dims, data: Float32Array.from({ length: product(dims) }, (_, i) => value(i)) });

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** What `numpy.savez` and `savez_compressed` write. */
export function encodeNpz(
  arrays: Readonly<Record<string, Uint8Array>>,
  { isCompressed = false }: { isCompressed?: boolean } = {},
): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(arrays)) {
    const fileName = Buffer.from(`${name}.npy`);
    const packed = isCompressed ? deflateRawSync(content) : Buffer.from(content);
    const common = Buffer.alloc(26); // from the version needed to the length of the extra field
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isCompressed ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(fileName.length, 22);
    const rest = Buffer.alloc(14); // from the length of the comment to the place of the file
    rest.writeUInt32LE(offset, 10);
    files.push(Buffer.from("PK\x03\x04"), common, fileName, packed);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common, rest, fileName);
    offset += 30 + fileName.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  const count = Object.keys(arrays).length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}
