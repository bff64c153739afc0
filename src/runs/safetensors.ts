import { z } from "zod";
import { VaeError } from "../base/errors.ts";

/**
 * The safetensors format (https://github.com/huggingface/safetensors): the header's length as a little-endian u64, a
 * JSON header, then the raw little-endian arrays. Only float32, which is all that we write; Python's
 * `safetensors.numpy.load_file` reads it.
 */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  readonly metadata: Readonly<Record<string, string>>;
}

const length = z.int().min(0);

const headerSchema = z
  .looseObject({ __metadata__: z.record(z.string(), z.string()).default({}) })
  .catchall(z.object({ dtype: z.string(), shape: z.array(length), data_offsets: z.tuple([length, length]) }));

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const BYTES_PER_VALUE = 4;

export function encodeSafetensors({ tensors, metadata }: TensorFile): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  // Padded with spaces, so that the arrays start aligned.
  const json = JSON.stringify(header);
  const jsonBytes = Buffer.byteLength(json);
  const headerBytes = Math.ceil(jsonBytes / ALIGNMENT) * ALIGNMENT;
  const file = Buffer.alloc(LENGTH_BYTES + headerBytes + offset, " ");
  file.writeBigUInt64LE(BigInt(headerBytes));
  file.write(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** Reads a file's bytes; `fileName` is for the message when they are damaged. */
export function decodeSafetensors(file: Buffer, fileName: string): TensorFile {
  const damaged = (what: string) =>
    new VaeError("failure", `${fileName} is not a whole safetensors file: ${what}.`);
  if (file.length < LENGTH_BYTES)
    throw damaged(`it ends at byte ${file.length}, inside the length of its header`);
  const start = LENGTH_BYTES + Number(file.readBigUInt64LE());
  if (start > file.length) throw damaged(`it ends at byte ${file.length}, its header at byte ${start}`);
  const { __metadata__: metadata, ...entries } = parseHeader(
    file.toString("utf8", LENGTH_BYTES, start),
    damaged,
  );
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const [from, to] = data_offsets;
    if (dtype !== "F32") throw damaged(`${name} is ${dtype}, but only F32 is read`);
    if (start + to > file.length)
      throw damaged(`it ends at byte ${file.length}, ${name} at byte ${start + to}`);
    const bytes = BYTES_PER_VALUE * shape.reduce((size, length) => size * length, 1);
    if (to - from !== bytes)
      throw damaged(`${name} has ${to - from} bytes, its shape [${shape}] takes ${bytes}`);
    const copy = new Uint8Array(file.subarray(start + from, start + to)); // aligned whatever the header's length
    tensors.set(name, { shape, data: new Float32Array(copy.buffer) });
  }
  return { tensors, metadata };
}

function parseHeader(text: string, damaged: (what: string) => VaeError): z.infer<typeof headerSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged("its header is not JSON");
  }
  const header = headerSchema.safeParse(json);
  if (header.success) return header.data;
  const { path, message } = header.error.issues[0]!;
  throw damaged(`its header is wrong at ${path.join(".") || "its beginning"} (${message})`);
}
