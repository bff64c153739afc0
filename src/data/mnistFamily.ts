import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { sha256, sweepLeftovers } from "./cache.ts";
import type { SourceData } from "./dataset.ts";
import { checkHash, inventoryOf, obtain, withRemedy } from "./describedFiles.ts";
import {
  type DescribedFile,
  type Descriptor,
  descriptorSchema,
  type fileRoles,
  readDescriptor,
} from "./descriptor.ts";
import { decompress, type IdxFile, parseIdx, splitOf } from "./idx.ts";
import { imageFields } from "./images.ts";
import { readInput } from "./readInput.ts";
import { commonSettings, defineSource, type FetchedFile, type LoadContext, stopIfAborted } from "./source.ts";

type Role = (typeof fileRoles)[number];

/** A dataset that is published as four IDX files and described in `datasets/<name>.yaml`. */
export function mnistFamily<Name extends string>(name: Name, summary: string) {
  const descriptor = () => readDescriptor(name, descriptorSchema);
  return defineSource({
    schema: z.strictObject({ name: z.literal(name).describe(summary), ...commonSettings }),
    summary,
    inRandomOrder: true,
    load: async (_config, context) => loadDescribed(await descriptor(), context),
    inventory: async (dirs) => inventoryOf(await descriptor(), dirs),
    fetch: async (context, options) => fetchDescribed(await descriptor(), context, options),
  });
}

export async function loadDescribed(descriptor: Descriptor, context: LoadContext): Promise<SourceData> {
  await sweepLeftovers(context.dataDirs, descriptor.name);
  const arrays = {} as Record<Role, IdxFile>;
  const hashes: Record<string, string> = {};
  for (const file of descriptor.files) {
    const { path } = await obtain(descriptor, file, context);
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
  options: { readonly force: boolean },
): Promise<FetchedFile[]> {
  const fetched: FetchedFile[] = [];
  for (const file of descriptor.files) {
    const { path, status } = await obtain(descriptor, file, context, options);
    const { bytes } = await readVerified(descriptor, file, path, context);
    fetched.push({ name: file.name, path, bytes, status });
  }
  return fetched;
}

/**
 * Reads a file that was found and checks that it is the published one. The sha256 in use is that of the decompressed
 * file where it is known: copies of MNIST that were compressed anew are common, and as good.
 */
async function readVerified(descriptor: Descriptor, file: DescribedFile, path: string, context: LoadContext) {
  stopIfAborted(context);
  const stored = await readInput(path, `Cannot read ${path}`);
  return withRemedy(descriptor.name, path, async () => {
    const raw = await decompress(stored, path);
    const array = parseIdx(raw, path);
    checkShape(descriptor, file, array, path);
    const hash = sha256(raw);
    if (file.sha256Raw !== undefined) checkHash(descriptor.name, path, hash, file.sha256Raw);
    // Of one that is neither, header and size are all there is to check.
    else if (path.endsWith(".gz")) checkHash(descriptor.name, path, sha256(stored), file.sha256);
    return { array, hash, bytes: stored.length };
  });
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
