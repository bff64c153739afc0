import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import writeFile from "write-file-atomic";

/** Writes a file whole or not at all: beside it, fsync, rename. Missing folders are created. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const bytes = typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  await writeFile(path, bytes);
}
