import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { sha256 } from "./cache.ts";
import type { Split } from "./dataset.ts";
import type { ImageShape } from "./field.ts";
import { decompress, type IdxFile, parseIdx, splitOf } from "./idx.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields } from "./images.ts";
import { readInput } from "./readInput.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, stopIfAborted } from "./source.ts";

const summary = "your own IDX files, of any image size, grey or RGB, plain or gzip";

/** The user's own files in the format of MNIST. */
export const idxFiles = defineSource({
  schema: z.strictObject({
    name: z.literal("idx").describe(summary),
    trainImages: z
      .string()
      .min(1)
      .describe("IDX file of unsigned bytes [N, H, W] or [N, H, W, C]; relative to the working directory"),
    trainLabels: z.string().min(1).optional().describe("IDX file of their classes [N], for figures only"),
    testImages: z
      .string()
      .min(1)
      .optional()
      .describe("IDX file of test images (default: held out of the training images)"),
    testLabels: z.string().min(1).optional().describe("IDX file of the test images' classes"),
    ...changeSettings,
    ...ownFilesSettings,
  }),
  summary,
  async load(config, context) {
    const hashes: Record<string, string> = {};
    const train = await readSet("trainImages", config.trainImages, config.trainLabels, hashes, context);
    if (config.testImages === undefined) {
      if (config.testLabels !== undefined) {
        throw new VaeError("usage", "dataset.testLabels needs dataset.testImages, which is not set.");
      }
      return { fields: imageFields(train.imageShape, classCountOf(train.set)), train: train.set, hashes };
    }
    const test = await readSet("testImages", config.testImages, config.testLabels, hashes, context);
    if (test.imageShape.join() !== train.imageShape.join()) {
      throw new VaeError(
        "failure",
        `${config.testImages}: images of ${test.imageShape.join("x")}, but those of ${config.trainImages} are ` +
          `${train.imageShape.join("x")} (height x width x channels). Both must have one size.`,
      );
    }
    return {
      fields: imageFields(train.imageShape, classCountOf(train.set, test.set)),
      train: train.set,
      test: test.set,
      hashes,
    };
  },
  ...ownFilesOnly("idx"),
});

/** One class for each label up to the highest; without labels there are none. */
function classCountOf(...splits: Split[]): number | undefined {
  let count: number | undefined;
  for (const { columns } of splits) {
    for (const label of columns["label"] ?? []) count = Math.max(count ?? 0, label + 1);
  }
  return count;
}

async function readSet(
  setting: string,
  imagesPath: string,
  labelsPath: string | undefined,
  hashes: Record<string, string>,
  context: LoadContext,
): Promise<{ imageShape: ImageShape; set: Split }> {
  const images = await read(setting, imagesPath, hashes, context);
  const [, height, width, channels = 1] = images.dims as [number, number, number, number?];
  if (images.dims.length < 3 || (channels !== 1 && channels !== 3)) {
    throw new VaeError(
      "failure",
      `${imagesPath}: an array of ${images.dims.join("x")} bytes. Accepted for dataset.${setting}: ` +
        "[count, height, width] or [count, height, width, channels] with 1 or 3 channels.",
    );
  }
  const imageShape: ImageShape = [height, width, channels];
  if (labelsPath === undefined) return { imageShape, set: splitOf(images) };
  const labels = await read(setting.replace("Images", "Labels"), labelsPath, hashes, context);
  return { imageShape, set: splitOf(images, labels) };
}

async function read(
  setting: string,
  path: string,
  hashes: Record<string, string>,
  context: LoadContext,
): Promise<IdxFile> {
  stopIfAborted(context);
  const stored = await readInput(path, `dataset.${setting} is ${path}, which cannot be read`, {
    code: "usage",
  });
  const raw = await decompress(stored, path);
  hashes[path] = sha256(raw);
  return parseIdx(raw, path);
}
