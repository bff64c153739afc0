import { z } from "zod";
import type { Split } from "./dataset.ts";
import { changeSettings } from "./imageChanges.ts";
import { decodeImage, imageSizeOf } from "./imageFormats.ts";
import { imageFields, imageSplit } from "./images.ts";
import { type PublishedFiles, publishedSource } from "./publishedFiles.ts";
import { commonSettings, defineSource, type LoadContext, turnsOf } from "./source.ts";
import { unpack, zipEntries } from "./zip.ts";

const NAME = "omniglot";
const summary = "handwritten characters of 50 alphabets, 105x105, black on white";

/** Lake et al. 2015: 19,280 images of 30 alphabets, and to test 13,180 of 20 others. Classes are the alphabets. */
export const omniglot = defineSource({
  schema: z.strictObject({ name: z.literal(NAME).describe(summary), ...changeSettings, ...commonSettings }),
  summary,
  ...publishedSource(NAME, readOmniglot),
});

export async function readOmniglot(
  { descriptor, file }: PublishedFiles,
  _config: unknown,
  context: LoadContext,
) {
  const turn = turnsOf(context);
  const alphabets: string[] = [];
  const part = async (fileName: string): Promise<Split> => {
    const { bytes, path } = await file(fileName);
    const entries = zipEntries(bytes, path)
      .filter(({ name }) => name.endsWith(".png"))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const [height, width] = descriptor.imageShape;
    const pixels = new Uint8Array(entries.length * height * width);
    const labels = new Uint8Array(entries.length);
    for (const [i, entry] of entries.entries()) {
      await turn();
      const where = `${path}, ${entry.name}`;
      const png = Buffer.from(unpack(entry, where));
      imageSizeOf(png, where);
      const { rgb } = await decodeImage(png, where);
      for (let p = 0; p < height * width; p++) pixels[i * height * width + p] = rgb[3 * p]!;
      const alphabet = entry.name.split("/").at(-3) ?? "";
      if (!alphabets.includes(alphabet)) alphabets.push(alphabet);
      labels[i] = alphabets.indexOf(alphabet);
      context.onProgress({
        label: `reading ${fileName}`,
        done: i + 1,
        total: entries.length,
        unit: "images",
      });
    }
    return imageSplit(entries.length, pixels, labels);
  };
  const train = await part("images_background.zip");
  const test = await part("images_evaluation.zip");
  return { fields: imageFields(descriptor.imageShape, alphabets), train, test };
}
