import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { SourceData } from "./dataset.ts";
import { decompress, parseIdx, splitOf } from "./idx.ts";
import { changed, changeSettings } from "./imageChanges.ts";
import { imageFields } from "./images.ts";
import { type PublishedFiles, publishedSource } from "./publishedFiles.ts";
import { commonSettings, defineSource, type LoadContext, turnsOf } from "./source.ts";
import { unpack, zipEntries } from "./zip.ts";

const NAME = "emnist";
const summary = "handwritten letters and digits, upright; the same characters divided in six ways";

const digits = Array.from("0123456789");
const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");

/** The classes of each way, in the order of their labels; of merged ones, small letters that look like large are those. */
const parts = {
  balanced: [...digits, ...letters, ...Array.from("abdefghnqrt")],
  bymerge: [...digits, ...letters, ...Array.from("abdefghnqrt")],
  byclass: [...digits, ...letters, ...letters.map((letter) => letter.toLowerCase())],
  letters: ["none", ...letters], // labels go from 1
  digits,
  mnist: digits,
} as const;

type Part = keyof typeof parts;

const partNames = Object.keys(parts) as [Part, ...Part[]];

const schema = z.strictObject({
  name: z.literal(NAME).describe(summary),
  part: z.enum(partNames).default("balanced").describe("which characters, divided how"),
  ...changeSettings,
  ...commonSettings,
});

/** Cohen et al. 2017. */
export const emnist = defineSource({ schema, summary, ...publishedSource(NAME, readEmnist) });

export async function readEmnist(
  { descriptor, file }: PublishedFiles,
  { part }: { readonly part: Part },
  context: LoadContext,
): Promise<Omit<SourceData, "hashes">> {
  const { bytes, path } = await file(descriptor.files[0]!.name);
  const entries = zipEntries(bytes, path);
  const array = async (name: string) => {
    const entry = entries.find((entry) => entry.name.endsWith(`emnist-${part}-${name}.gz`));
    if (!entry) throw new VaeError("failure", `${path}: emnist-${part}-${name}.gz is not in it.`);
    const where = `${path}, ${entry.name}`;
    return parseIdx(await decompress(unpack(entry, where), where), where);
  };
  const split = async (name: string) =>
    splitOf(await array(`${name}-images-idx3-ubyte`), await array(`${name}-labels-idx1-ubyte`));
  const stored = {
    fields: imageFields([28, 28, 1], parts[part]),
    train: await split("train"),
    test: await split("test"),
    hashes: {},
  };
  return changed(stored, { transpose: true }, turnsOf(context));
}
