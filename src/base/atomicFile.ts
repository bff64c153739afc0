import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VaeError } from "./errors.ts";

let written = 0;

/**
 * Writes a file whole or not at all: all bytes beside it, down to the disk, and then in its place. Until then the file that
 * was there is not touched, and it stays whatever happens. Missing folders are created.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${process.pid}-${written++}${LEFTOVER}`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(beside, "wx");
    try {
      await file.writeFile(data); // goes on after a short write, and fails where no more can be written
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw cannotWrite(path, error as NodeJS.ErrnoException);
  }
}

/** How the names of files end that were not finished. */
export const LEFTOVER = ".unfinished";

/** So that a new name survives a loss of power. Windows knows no such thing, nor do some network file systems. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "your quota of disk space is used up",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the disk is read-only",
  EISDIR: "a folder of that name is in its place",
  ENOTDIR: "a file is in the place of its folder",
  EEXIST: "a file is in the place of its folder",
  EMFILE: "this process has too many files open",
  ENFILE: "this machine has too many files open",
  EIO: "the disk fails",
};

/** What people can do something about; anything else is a defect and stays as it is. */
function cannotWrite(path: string, error: NodeJS.ErrnoException): Error {
  const reason = REASONS[error.code ?? ""];
  if (!reason) return error;
  return new VaeError("failure", `Cannot write ${path}: ${reason} (${error.code}).`, { cause: error });
}
