import { type ErrorCode, VaeError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "your quota of disk space is used up",
  EACCES: "you have no permission",
  EPERM: "you have no permission",
  EROFS: "the disk is read-only",
  EISDIR: "a folder of that name is in its place",
  ENOTDIR: "a file is in the place of its folder",
  EEXIST: "a file is in the place of its folder",
  ELOOP: "its links go in a circle",
  ENAMETOOLONG: "its name is too long",
  EMFILE: "this process has too many files open",
  ENFILE: "this machine has too many files open",
  EIO: "the disk fails",
  ENODEV: "the disk is gone",
  ESTALE: "the network disk is gone",
  EFBIG: "it is larger than files may be here",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/**
 * What the file system refused, as a sentence with its reason: `doing` is such as `"Cannot write runs/a/run.json"`. What
 * nobody can do anything about is a defect, and comes back as it is.
 */
export function fileError(doing: string, error: unknown, as: ErrorCode = "failure"): Error {
  const { code = "" } = error as NodeJS.ErrnoException;
  const reason = REASONS[code];
  if (!reason) return error as Error;
  return new VaeError(as, `${doing}: ${reason} (${code}).`, { cause: error });
}
