import { z } from "zod";
import { type AmatFile, readAmat } from "./amat.ts";
import { sweepLeftovers } from "./cache.ts";
import type { SourceData } from "./dataset.ts";
import { checkHash, inventoryOf, obtain, withRemedy } from "./describedFiles.ts";
import { type AmatDescriptor, amatDescriptorSchema, readDescriptor } from "./descriptor.ts";
import { fieldSize } from "./field.ts";
import { imageFields, imageSplit } from "./images.ts";
import { commonSettings, defineSource, type FetchedFile, type LoadContext, turnsOf } from "./source.ts";

const NAME = "binarized-mnist";
const summary =
  "one fixed draw of binary MNIST (Larochelle and Murray), which published static numbers are on";

const { validation: _, split: __, ...settings } = commonSettings; // it has a validation part of its own

const descriptor = () => readDescriptor(NAME, amatDescriptorSchema);

/** Larochelle and Murray 2011: 50,000 / 10,000 / 10,000 binary images without labels, as text. */
export const binarizedMnist = defineSource({
  schema: z.strictObject({ name: z.literal(NAME).describe(summary), ...settings }),
  summary,
  isBinary: true,
  load: async (_config, context) => loadAmat(await descriptor(), context),
  inventory: async (dirs) => inventoryOf(await descriptor(), dirs),
  fetch: async (context, options) => fetchAmat(await descriptor(), context, options),
});

export async function loadAmat(descriptor: AmatDescriptor, context: LoadContext): Promise<SourceData> {
  await sweepLeftovers(context.dataDirs, descriptor.name);
  const parts = await readParts(descriptor, context, { force: false });
  const split = (wanted: string) => {
    const { count, data } = parts.find(({ role }) => role === wanted)!;
    return imageSplit(count, data);
  };
  return {
    fields: imageFields(descriptor.imageShape),
    train: split("train"),
    validation: split("validation"),
    test: split("test"),
    hashes: Object.fromEntries(parts.map(({ name, sha256 }) => [name, sha256])),
  };
}

export async function fetchAmat(
  descriptor: AmatDescriptor,
  context: LoadContext,
  options: { readonly force: boolean },
): Promise<FetchedFile[]> {
  const parts = await readParts(descriptor, context, options);
  return parts.map(({ name, path, bytes, status }) => ({ name, path, bytes, status }));
}

type Part = AmatFile & FetchedFile & { readonly role: AmatDescriptor["files"][number]["role"] };

/** Each file, checked to be the published one. */
async function readParts(
  descriptor: AmatDescriptor,
  context: LoadContext,
  options: { readonly force: boolean },
): Promise<Part[]> {
  const D = fieldSize({ shape: descriptor.imageShape });
  const turn = turnsOf(context);
  const parts: Part[] = [];
  for (const { role, ...file } of descriptor.files) {
    const { path, status } = await obtain(descriptor, file, context, options);
    const read = await withRemedy(descriptor.name, path, async () => {
      const images = await readAmat(path, D, turn);
      checkHash(descriptor.name, path, images.sha256, file.sha256);
      return images;
    });
    parts.push({ ...read, role, name: file.name, path, status });
  }
  return parts;
}
