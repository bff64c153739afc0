import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";

/** A message by the numbers of its fields, each with all of its values, undecoded. */
export type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** Reads any protobuf message knowing nothing but the wire format. */
export function fieldsOf(message: Uint8Array): Fields {
  const reader = protobuf.Reader.create(message);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const value = [
      () => Number(reader.int64()),
      () => reader.double(),
      () => reader.bytes(),
      undefined,
      undefined,
      () => reader.float(),
    ][tag & 7]!();
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

export const textOf = (value: unknown) => Buffer.from(value as Uint8Array).toString();

/** CRC-32C by polynomial division, bit by bit. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

const masked = (data: Uint8Array) => {
  const crc = BigInt(crc32c(data));
  return Number((((crc >> 15n) | ((crc << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn);
};

/** The events of a file; throws where a length or a checksum is wrong. */
export function readEventFile(file: string): Fields[] {
  const bytes = readFileSync(file);
  const events: Fields[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    const found = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12 + length)];
    if (found[0] !== masked(bytes.subarray(at, at + 8)) || found[1] !== masked(data))
      throw new Error(`${file}: a checksum is wrong at byte ${at}`);
    events.push(fieldsOf(data));
    at += 16 + length;
  }
  return events;
}

/** The files of a folder in the order of their names. */
export const eventFiles = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.includes("tfevents"))
    .toSorted()
    .map((name) => join(folder, name));

/** What TensorBoard shows of the files of a folder: by tag, the step and value of each; what was taken back is gone. */
export function shownIn(folder: string): Record<string, [step: number, value: unknown][]> {
  const shown: Record<string, [number, unknown][]> = {};
  let sessions = 0;
  for (const event of eventFiles(folder).flatMap(readEventFile)) {
    const step = Number(event.get(2)?.[0] ?? 0);
    if (event.has(7) && sessions++ > 0)
      for (const [tag, values] of Object.entries(shown)) shown[tag] = values.filter(([at]) => at < step);
    for (const summary of event.get(5) ?? []) {
      for (const value of fieldsOf(summary as Uint8Array).get(1) ?? []) {
        const fields = fieldsOf(value as Uint8Array);
        const tag = textOf(fields.get(1)![0]);
        const content = fields.get(2)?.[0] ?? fields.get(4)?.[0] ?? fields.get(9)?.[0];
        shown[tag] = [...(shown[tag] ?? []), [step, content]];
      }
    }
  }
  return shown;
}
