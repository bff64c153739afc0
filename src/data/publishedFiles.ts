import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { sha256, sweepLeftovers } from "./cache.ts";
import type { SourceData } from "./dataset.ts";
import { checkHash, inventoryOf, obtain, withRemedy } from "./describedFiles.ts";
import { type FilesDescriptor, filesDescriptorSchema, readDescriptor } from "./descriptor.ts";
import { readInput } from "./readInput.ts";
import { type DatasetSource, type FetchedFile, type LoadContext, stopIfAborted } from "./source.ts";

/** A file of a dataset, as it was published. */
export interface PublishedBytes {
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
}

/** What the files of a published dataset hold; each is read when it is asked for. */
export interface PublishedFiles {
  readonly descriptor: FilesDescriptor;
  file(name: string): Promise<PublishedBytes>;
}

/** The members of a source that is described in `datasets/<name>.yaml`, whose files `read` understands. */
export function publishedSource<Config>(
  name: string,
  read: (files: PublishedFiles, config: Config, context: LoadContext) => Promise<Omit<SourceData, "hashes">>,
) {
  const describe = () => readDescriptor(name, filesDescriptorSchema);
  return {
    load: async (config: Config, context: LoadContext): Promise<SourceData> => {
      await sweepLeftovers(context.dataDirs, name);
      return readPublished(await describe(), config, context, read);
    },
    inventory: async (dirs) => inventoryOf(await describe(), dirs),
    fetch: async (context, options) => fetchPublished(await describe(), context, options),
  } satisfies Pick<DatasetSource, "inventory" | "fetch"> & { load: unknown };
}

/** Reads a dataset from its files, which are downloaded where they are missing. */
export async function readPublished<Config>(
  descriptor: FilesDescriptor,
  config: Config,
  context: LoadContext,
  read: (files: PublishedFiles, config: Config, context: LoadContext) => Promise<Omit<SourceData, "hashes">>,
): Promise<SourceData> {
  const hashes: Record<string, string> = {};
  const file = async (name: string): Promise<PublishedBytes> => {
    stopIfAborted(context);
    const described = descriptor.files.find((file) => file.name === name)!;
    const { path } = await obtain(descriptor, described, context);
    const { bytes, hash } = await verified(descriptor, described, path);
    hashes[name] = hash;
    return { name, path, bytes };
  };
  const data = await read({ descriptor, file }, config, context);
  return { ...data, hashes };
}

/** Brings the files onto this machine, and checks them. */
export async function fetchPublished(
  descriptor: FilesDescriptor,
  context: LoadContext,
  options: { readonly force: boolean },
): Promise<FetchedFile[]> {
  const fetched: FetchedFile[] = [];
  for (const file of descriptor.files) {
    stopIfAborted(context);
    const { path, status } = await obtain(descriptor, file, context, options);
    if (status === "downloaded" && file.sha256 === undefined)
      await record(path, sha256(await readFile(path)));
    await verified(descriptor, file, path);
    fetched.push({ name: file.name, path, bytes: (await stat(path)).size, status });
  }
  return fetched;
}

type DescribedFile = FilesDescriptor["files"][number];

async function verified({ name: dataset }: FilesDescriptor, file: DescribedFile, path: string) {
  const bytes = await readInput(path, `Cannot read ${path}`);
  return withRemedy(dataset, path, async () => {
    const hash = sha256(bytes);
    const expected = file.sha256 ?? (await recorded(path));
    if (expected === undefined)
      await record(path, hash).catch(() => {}); // a folder that is only read
    else if (file.sha256 === undefined && hash !== expected) throw changedSince(path, hash, expected);
    else checkHash(dataset, path, hash, expected);
    return { bytes, hash };
  });
}

const changedSince = (path: string, hash: string, expected: string) =>
  new VaeError(
    "failure",
    `${path}: not the file that came first: sha256 ${hash}, ${recordOf(path)} says ${expected}.`,
  );

/** Where the hash of a file is kept whose publishers tell none; `sha256sum -c` reads it too. */
const recordOf = (path: string) => `${path}.sha256`;

const recorded = async (path: string) =>
  /^[0-9a-f]{64}/.exec(await readFile(recordOf(path), "utf8").catch(() => ""))?.[0];

const record = (path: string, hash: string) =>
  writeFileAtomic(recordOf(path), `${hash}  ${basename(path)}\n`);
