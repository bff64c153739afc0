import { basename, dirname } from "node:path";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { findFile, isWritable, sha256, sweepLeftovers, writableFolder } from "./cache.ts";
import type { SourceData } from "./dataset.ts";
import { type DescribedFile, type Descriptor, type fileRoles, readDescriptor } from "./descriptor.ts";
import { fetchFile } from "./fetch.ts";
import { decompress, type IdxFile, parseIdx, splitOf } from "./idx.ts";
import { imageFields } from "./images.ts";
import { readInput } from "./readInput.ts";
import { commonSettings, defineSource, type FetchedFile, type LoadContext, stopIfAborted } from "./source.ts";

type Role = (typeof fileRoles)[number];

/** A dataset that is published as four IDX files and described in `datasets/<name>.yaml`. */
export function mnistFamily<Name extends string>(name: Name, summary: string) {
  return defineSource({
    schema: z.strictObject({ name: z.literal(name).describe(summary), ...commonSettings }),
    summary,
    load: async (_config, context) => loadDescribed(await readDescriptor(name), context),
    async inventory(dirs) {
      const { licence, files } = await readDescriptor(name);
      return {
        licence,
        downloadBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        files: await Promise.all(
          files.map(async (file) => {
            const path = await findFile(dirs, name, localNames(file));
            return path === undefined ? { name: file.name } : { name: file.name, path };
          }),
        ),
      };
    },
    fetch: async (context, options) => fetchDescribed(await readDescriptor(name), context, options),
  });
}

export async function loadDescribed(descriptor: Descriptor, context: LoadContext): Promise<SourceData> {
  await sweepLeftovers(context.dataDirs, descriptor.name);
  const arrays = {} as Record<Role, IdxFile>;
  const hashes: Record<string, string> = {};
  for (const file of descriptor.files) {
    const path =
      (await findFile(context.dataDirs, descriptor.name, localNames(file))) ??
      (await download(descriptor, file, context));
    const { array, hash } = await readVerified(descriptor, file, path, context);
    arrays[file.role] = array;
    hashes[file.name.replace(/\.gz$/, "")] = hash;
  }
  const { imageShape, classNames } = descriptor;
  const { trainImages, trainLabels, testImages, testLabels } = arrays;
  return {
    fields: imageFields(imageShape, classNames),
    train: splitOf(trainImages, trainLabels),
    test: splitOf(testImages, testLabels),
    hashes,
  };
}

export async function fetchDescribed(
  descriptor: Descriptor,
  context: LoadContext,
  { force }: { readonly force: boolean },
): Promise<FetchedFile[]> {
  const fetched: FetchedFile[] = [];
  for (const file of descriptor.files) {
    const found = force ? undefined : await findFile(context.dataDirs, descriptor.name, localNames(file));
    const path = found ?? (await download(descriptor, file, context));
    const { bytes } = await readVerified(descriptor, file, path, context);
    fetched.push({ name: file.name, path, bytes, status: found === undefined ? "downloaded" : "present" });
  }
  return fetched;
}

async function download(descriptor: Descriptor, file: DescribedFile, context: LoadContext): Promise<string> {
  const { dataDirs, onProgress, signal, network } = context;
  const folder = await writableFolder(dataDirs, descriptor.name);
  const { name: dataset, mirrors } = descriptor;
  return fetchFile({ dataset, file, mirrors, folder, onProgress, signal, network });
}

/**
 * Reads a file that was found and checks that it is the published one. The sha256 in use is that of the decompressed
 * file where it is known: copies of MNIST that were compressed anew are common, and as good.
 */
async function readVerified(descriptor: Descriptor, file: DescribedFile, path: string, context: LoadContext) {
  stopIfAborted(context);
  const stored = await readInput(path, `Cannot read ${path}`);
  try {
    const raw = await decompress(stored, path);
    const array = parseIdx(raw, path);
    checkShape(descriptor, file, array, path);
    const hash = sha256(raw);
    const [actual, expected] =
      file.sha256Raw !== undefined
        ? [hash, file.sha256Raw]
        : path.endsWith(".gz")
          ? [sha256(stored), file.sha256]
          : []; // header and size are all there is to check
    if (actual !== expected) {
      throw new VaeError(
        "failure",
        `${path}: not the file that ${descriptor.name} publishes: sha256 ${actual}, expected ${expected}.`,
      );
    }
    return { array, hash, bytes: stored.length };
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    throw new VaeError("failure", `${error.message} ${await remedy(descriptor.name, path)}`, {
      cause: error,
    });
  }
}

function checkShape({ name, imageShape }: Descriptor, { role }: DescribedFile, array: IdxFile, path: string) {
  const [, ...size] = array.dims;
  const isLabels = role === "trainLabels" || role === "testLabels";
  const expected = isLabels ? [] : imageShape.slice(0, imageShape[2] === 1 ? 2 : 3);
  if (size.join() === expected.join()) return;
  const told = (dims: readonly number[]) => (dims.length === 0 ? "labels" : `images of ${dims.join("x")}`);
  throw new VaeError(
    "failure",
    `${path}: the header tells of ${told(size)}, ${name} has ${told(expected)} here.`,
  );
}

async function remedy(dataset: string, path: string): Promise<string> {
  return (await isWritable(dirname(path)))
    ? `Delete ${basename(path)}, or get it again: vae data fetch ${dataset} --force`
    : "Its folder cannot be written from here: replace the file there, or set VAE_DATA_DIR to another folder.";
}

/** Files may lie there as they were published or decompressed. */
function localNames({ name }: DescribedFile): string[] {
  return [name, name.replace(/\.gz$/, "")];
}
