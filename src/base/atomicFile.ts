import { rmSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError } from "./fileErrors.ts";

let written = 0;

/** What is beside its place now; a process that is told to leave at once takes it along. */
const underWay = new Set<string>();
process.on("exit", () => {
  for (const beside of underWay) rmSync(beside, { force: true });
});

/**
 * Writes a file whole or not at all: all bytes beside it, down to the disk, and then in its place. Until then the file that
 * was there is not touched, and it stays whatever happens. Missing folders are created. Data may come in parts, which are
 * written one after the other.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const parts = typeof data === "string" || data instanceof Uint8Array ? [data] : data;
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${process.pid}-${written++}${LEFTOVER}`);
  try {
    await mkdir(folder, { recursive: true });
    underWay.add(beside);
    const file = await open(beside, "wx");
    try {
      for (const part of parts) await file.writeFile(part); // goes on after a short write, and fails where no more can be written
      await file.sync();
      await expectSize(
        file,
        parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0),
      );
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw fileError(`Cannot write ${path}`, error);
  } finally {
    underWay.delete(beside);
  }
}

/** Some network disks say that all was written where it was not. */
async function expectSize(file: FileHandle, size: number): Promise<void> {
  const { size: written } = await file.stat();
  if (written !== size) throw Object.assign(new Error(`${written} of ${size} bytes`), { code: "EIO" });
}

/** How the names of files end that were not finished. */
export const LEFTOVER = ".unfinished";

/** So that a new name survives a loss of power. Windows knows no such thing, nor do some network file systems. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
