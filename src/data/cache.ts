import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rm, rmdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import envPaths from "env-paths";
import { LEFTOVER } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";

/** Where datasets lie: each has a folder of its own name in these. */
export interface DataDirs {
  /** `VAE_DATA_DIR`: looked in first, and written to if it can be. */
  readonly user?: string;
  /** The cache folder of this user. */
  readonly cache: string;
}

export function resolveDataDirs(env: NodeJS.ProcessEnv = process.env): DataDirs {
  const cache = join(envPaths("vae", { suffix: "" }).cache, "data");
  return env["VAE_DATA_DIR"] ? { user: resolve(env["VAE_DATA_DIR"]), cache } : { cache };
}

/** The first of `names` that exists in the dataset's folders; the user's folder has priority. */
export async function findFile(
  dirs: DataDirs,
  dataset: string,
  names: readonly string[],
): Promise<string | undefined> {
  for (const dir of searchedDirs(dirs)) {
    for (const name of names) {
      const path = join(dir, dataset, name);
      if (await exists(path)) return path;
    }
  }
  return undefined;
}

/** The dataset's folder for new files: in the user's data folder if that can be written, otherwise in the cache. */
export async function writableFolder(dirs: DataDirs, dataset: string): Promise<string> {
  const tried = searchedDirs(dirs).map((dir) => join(dir, dataset));
  for (const folder of tried) if (await isWritable(folder)) return folder;
  throw new VaeError(
    "failure",
    `No folder for the files of ${dataset}: ${tried.join(" and ")} cannot be written. ` +
      "Set VAE_DATA_DIR to a folder that can.",
  );
}

const WRITE_TEST = ".write-test-";

/** Whoever has not touched a file for so long is gone; which processes live on another host is not known. */
const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

/** Removes what processes have left that ended before they could: files that were not finished, and downloads in use. */
export async function sweepLeftovers(dirs: DataDirs, dataset: string): Promise<void> {
  const isLeftover = (name: string) =>
    name.endsWith(LEFTOVER) || name.startsWith(WRITE_TEST) || /\.[\w-]+-\d+-\d+\.part$/.test(name);
  for (const dir of searchedDirs(dirs)) {
    const folder = join(dir, dataset);
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    for (const path of names.filter((name) => isLeftover(basename(name))).map((name) => join(folder, name))) {
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0, // somebody was faster
      );
      if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** Whether files can be created in `folder`, which is created if it is missing. */
export async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    // Tried rather than asked: `access` knows neither read-only mounts on every system nor Windows' access lists.
    await rmdir(await mkdtemp(join(folder, WRITE_TEST)));
    return true;
  } catch {
    return false;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

function searchedDirs({ user, cache }: DataDirs): string[] {
  return user === undefined ? [cache] : [user, cache];
}
