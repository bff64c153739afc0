import { basename, dirname } from "node:path";
import { VaeError } from "../base/errors.ts";
import { type DataDirs, findFile, isWritable, writableFolder } from "./cache.ts";
import { fetchFile } from "./fetch.ts";
import type { FetchedFile, Inventory, LoadContext } from "./source.ts";

/** What is known of a dataset whose files are published somewhere, see `descriptor.ts`. */
export interface Published {
  readonly name: string;
  readonly licence: string;
  readonly mirrors: readonly string[];
  readonly files: readonly PublishedFile[];
}

export interface PublishedFile {
  readonly name: string;
  /** Where it is not known, whatever comes is taken. */
  readonly bytes?: number | undefined;
  /** Where it is not known, that of the first one that came is kept beside it, see `checkPublished`. */
  readonly sha256?: string | undefined;
}

/** Files may lie there as they were published or decompressed. */
const localNames = ({ name }: PublishedFile): string[] => [...new Set([name, name.replace(/\.gz$/, "")])];

/** Where a file lies on this machine. */
const locate = ({ name }: Published, file: PublishedFile, dirs: DataDirs) =>
  findFile(dirs, name, localNames(file));

export async function inventoryOf(published: Published, dirs: DataDirs): Promise<Inventory> {
  const { licence, files, mirrors } = published;
  return {
    licence,
    mirrors,
    downloadBytes: files.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    files: await Promise.all(
      files.map(async (file) => {
        const path = await locate(published, file, dirs);
        const { name, bytes } = file;
        return path === undefined ? { name, bytes } : { name, bytes, path };
      }),
    ),
  };
}

/** The path of a file, which is downloaded if it is missing, or in any case with `force`. */
export async function obtain(
  published: Published,
  file: PublishedFile,
  { dataDirs, onProgress, signal, network, mirror }: LoadContext,
  { force = false } = {},
): Promise<{ path: string; status: FetchedFile["status"] }> {
  const found = force ? undefined : await locate(published, file, dataDirs);
  if (found !== undefined) return { path: found, status: "present" };
  const { name: dataset } = published;
  const mirrors = mirror === undefined ? published.mirrors : mirrorsAt(mirror, dataset);
  const folder = await writableFolder(dataDirs, dataset);
  const path = await fetchFile({ dataset, file, mirrors, folder, onProgress, signal, network });
  return { path, status: "downloaded" };
}

/** The folders that a server of the user's may have a dataset in. */
export function mirrorsAt(mirror: string, dataset: string): string[] {
  const base = mirror.endsWith("/") ? mirror : `${mirror}/`;
  if (!/^https?:$/.test(URL.canParse(base) ? new URL(base).protocol : "")) {
    throw new VaeError(
      "usage",
      `--mirror is ${mirror}. Accepted: the address of a folder, such as https://example.org/datasets/.`,
    );
  }
  return [new URL(`${dataset}/`, base).href, base];
}

/** Reads a file of a dataset; to what is wrong with it adds what to do about it. */
export async function withRemedy<T>(dataset: string, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof VaeError) || error.code === "interrupted") throw error;
    throw new VaeError("failure", `${error.message} ${await remedy(dataset, path)}`, { cause: error });
  }
}

async function remedy(dataset: string, path: string): Promise<string> {
  return (await isWritable(dirname(path)))
    ? `Delete ${basename(path)}, or get it again: vae data fetch ${dataset} --force`
    : "Its folder cannot be written from here: replace the file there, or set VAE_DATA_DIR to another folder.";
}

/** Refuses a file that is not the published one. */
export function checkHash(dataset: string, path: string, actual: string, expected: string): void {
  if (actual === expected) return;
  throw new VaeError(
    "failure",
    `${path}: not the file that ${dataset} publishes: sha256 ${actual}, expected ${expected}.`,
  );
}
