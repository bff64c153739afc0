import { readFile, stat } from "node:fs/promises";
import { type ErrorCode, VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";

/** Node reads no file at once that is longer. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/** Deflate, in gzip and in PNG, makes at most so many bytes of one: two bits repeat 258 bytes. */
export const DEFLATE_RATIO = 1032;

/**
 * Reads a file of the user's, or refuses before memory is taken: what is longer than `most` bytes, and devices, which never
 * end. `doing` begins the sentence, such as `"Cannot read a.png"`.
 */
export async function readInput(
  path: string,
  doing: string,
  { most = MAX_FILE_BYTES, code = "failure" }: { most?: number; code?: ErrorCode } = {},
): Promise<Buffer> {
  try {
    const file = await stat(path);
    if (file.isCharacterDevice() || file.isBlockDevice())
      throw new VaeError(code, `${doing}: it is a device.`);
    if (file.size > most) {
      throw new VaeError("failure", `${doing}: it has ${file.size} bytes. Accepted: up to ${most}.`);
    }
    return await readFile(path);
  } catch (error) {
    throw fileError(doing, error, code);
  }
}
