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
  readonly bytes: number;
  readonly sha256: string;
}

/** Files may lie there as they were published or decompressed. */
const localNames = ({ name }: PublishedFile): string[] => [...new Set([name, name.replace(/\.gz$/, "")])];

/** Where a file lies on this machine. */
const locate = ({ name }: Published, file: PublishedFile, dirs: DataDirs) =>
  findFile(dirs, name, localNames(file));

export async function inventoryOf(published: Published, dirs: DataDirs): Promise<Inventory> {
  const { licence, files } = published;
  return {
    licence,
    downloadBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: await Promise.all(
      files.map(async (file) => {
        const path = await locate(published, file, dirs);
        return path === undefined ? { name: file.name } : { name: file.name, path };
      }),
    ),
  };
}

/** The path of a file, which is downloaded if it is missing, or in any case with `force`. */
export async function obtain(
  published: Published,
  file: PublishedFile,
  { dataDirs, onProgress, signal, network }: LoadContext,
  { force = false } = {},
): Promise<{ path: string; status: FetchedFile["status"] }> {
  const found = force ? undefined : await locate(published, file, dataDirs);
  if (found !== undefined) return { path: found, status: "present" };
  const { name: dataset, mirrors } = published;
  const folder = await writableFolder(dataDirs, dataset);
  const path = await fetchFile({ dataset, file, mirrors, folder, onProgress, signal, network });
  return { path, status: "downloaded" };
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
