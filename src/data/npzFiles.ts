import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { type ArrayFile, openArrayFile, pick, pickNeeded } from "./arrayFile.ts";
import { type ArrayImages, type ImageSettings, imagesOf, labelsOf } from "./arrayImages.ts";
import type { SourceData, Split } from "./dataset.ts";
import type { Grouping } from "./groups.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields, imageSplit } from "./images.ts";
import type { ArrayLayout } from "./mat.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, stopIfAborted } from "./source.ts";

/** What arrays of images say that they are, for each source that reads them. */
export const arraySettings = {
  shape: z
    .array(z.int().min(1))
    .length(2)
    .optional()
    .describe("height and width of an image where x is [N, D]"),
};

/** What the arrays of a part are called: here, by Keras, and by MedMNIST. */
export const namesOf = (one: string, many: string) => ({
  train: [one, many, `${one}_train`, `train_${many}`],
  validation: [`${one}_val`, `${many}_val`, `val_${many}`],
  test: [`${one}_test`, `${many}_test`, `test_${many}`],
});

const [IMAGES, LABELS] = [namesOf("x", "images"), namesOf("y", "labels")];

const layoutSettings = {
  examples: z
    .enum(["first", "last"])
    .optional()
    .describe("which dimension of the arrays counts the images (default: the one that clearly does)"),
};

const common = (files: string) => ({
  path: z
    .string()
    .min(1)
    .describe(`${files} of images, with test images if it has x_test; relative to the working directory`),
  testPath: z.string().min(1).optional().describe(`${files} of test images`),
  x: z.string().min(1).optional().describe("array of the images (default: x or images, or the only one)"),
  labels: z.string().min(1).optional().describe("array of their classes (default: y or labels, if there)"),
  ...arraySettings,
  ...changeSettings,
  ...ownFilesSettings,
});

const summary = "your own images in a .npz or .npy file of numpy";

/** The user's own images in a file of numpy. */
export const npzFiles = defineSource({
  schema: z.strictObject({
    name: z.literal("npz").describe(summary),
    ...common(".npz or .npy file"),
    ...layoutSettings,
  }),
  summary,
  load: readArrayImages,
  ...ownFilesOnly("npz"),
});

const matSummary = "your own images in a .mat file of MATLAB (version 7 or older)";

/** The user's own images in a file of MATLAB. */
export const matFiles = defineSource({
  schema: z.strictObject({
    name: z.literal("mat").describe(matSummary),
    ...common(".mat file"),
    ...layoutSettings,
  }),
  summary: matSummary,
  load: readArrayImages,
  ...ownFilesOnly("mat"),
});

const amatSummary =
  "your own images as text (.amat, .csv): the numbers of an image a line, its class last if there";

/** The user's own images as text. */
export const amatFiles = defineSource({
  schema: z.strictObject({
    name: z.literal("amat").describe(amatSummary),
    ...common("text file"),
    classColumn: z
      .enum(["first", "last"])
      .optional()
      .describe(
        "which number of a line is the class, where it has one more than an image has pixels (default: the one that clearly is)",
      ),
  }),
  summary: amatSummary,
  load: readArrayImages,
  ...ownFilesOnly("amat"),
});

interface ArrayFileSettings extends PartSettings, ArrayLayout {
  readonly path: string;
  readonly testPath?: string | undefined;
  readonly validation?: number | undefined;
  readonly split: Grouping;
}

async function readArrayImages(config: ArrayFileSettings, context: LoadContext): Promise<SourceData> {
  const file = await openArrayFile(config.path, "dataset.path", config);
  stopIfAborted(context);
  const train = readPart(file, "train", config)!;
  const own = { validation: readPart(file, "validation", config), test: readPart(file, "test", config) };
  const hashes = { [config.path]: file.sha256 };
  let { test } = own;
  if (config.testPath !== undefined) {
    if (test) throw twoTestSets(test.images.name, config.testPath);
    const testFile = await openArrayFile(config.testPath, "dataset.testPath", config);
    hashes[config.testPath] = testFile.sha256;
    test = readPart(testFile, "test", config) ?? readPart(testFile, "train", config)!;
  }
  const validation = test && own.validation;
  if (own.validation && !test)
    context.warn?.(`${own.validation.images.name} is not read, as there are no test images.`);
  if (validation && config.validation !== undefined) {
    throw new VaeError(
      "usage",
      `dataset.validation is ${config.validation}, but ${validation.images.name} has validation images: leave it out.`,
    );
  }
  const groups = arrayGroups(file, train.images.count, config.split);
  return { ...sourceOf({ train, validation, test }, hashes), ...(groups && { groups }) };
}

/** The group of each of `count` images by the array that `dataset.split.by` names; undefined where nothing is grouped. */
export function arrayGroups(file: ArrayFile, count: number, { order, by }: Grouping): string[] | undefined {
  if (order !== "group") return undefined;
  const setting = "dataset.split.by";
  const array = pick(file, { setting, wanted: by, names: ["groups", "group"] });
  if (array?.values.length === count) return Array.from(array.values, String);
  throw new VaeError(
    "usage",
    array
      ? `${array.name}: an array of ${array.dims.join("x") || "no dimensions"}. Expected the group of each of the ${count} images, one number.`
      : `dataset.split.order is group, but ${file.path} has no array groups. Name the one that says which images belong together: ${setting}.`,
  );
}

export const twoTestSets = (name: string, testPath: string) =>
  new VaeError(
    "usage",
    `${name} has test images, and so has dataset.testPath, ${testPath}: leave one of them out.`,
  );

interface Part {
  readonly images: ArrayImages;
  readonly labels?: Uint8Array;
}

interface PartSettings extends ImageSettings {
  readonly x?: string | undefined;
  readonly labels?: string | undefined;
}

/** The images of a part, which the training part must have, and their labels where there are any. */
function readPart(file: ArrayFile, part: keyof typeof IMAGES, settings: PartSettings): Part | undefined {
  const isTrain = part === "train";
  const x = {
    setting: "dataset.x",
    names: IMAGES[part],
    ...(isTrain && { wanted: settings.x, isOnly: true }),
  };
  const array = isTrain ? pickNeeded(file, x) : pick(file, x);
  if (!array) return undefined;
  const images = imagesOf(array, settings);
  const labels = pick(file, {
    setting: "dataset.labels",
    names: LABELS[part],
    ...(isTrain && { wanted: settings.labels }),
  });
  return { images, ...(labels && { labels: labelsOf(labels, images.count) }) };
}

type Parts = { readonly train: Part } & {
  readonly [Name in "validation" | "test"]: Part | undefined;
};

function sourceOf({ train, validation, test }: Parts, hashes: SourceData["hashes"]): SourceData {
  const parts = [train, validation, test].filter((part) => part !== undefined);
  for (const { images } of parts) checkShape(images, train.images);
  const highest = parts.flatMap(({ labels }) => (labels ? [highestOf(labels)] : []));
  const split = ({ images: { count, pixels }, labels }: Part): Split => imageSplit(count, pixels, labels);
  return {
    fields: imageFields(train.images.shape, highest.length > 0 ? Math.max(...highest) + 1 : undefined),
    train: split(train),
    ...(validation && { validation: split(validation) }),
    ...(test && { test: split(test) }),
    hashes,
  };
}

const highestOf = (labels: Uint8Array) => labels.reduce((most, label) => Math.max(most, label), 0);

/** Fails where two arrays do not hold examples of one shape. */
export function checkShape(one: Shaped, other: Shaped): void {
  if (one.shape.join() === other.shape.join()) return;
  const told = ({ shape }: Shaped) => shape.join("x") || "no dimensions";
  throw new VaeError(
    "failure",
    `${one.name}: examples of ${told(one)}, but those of ${other.name} are ${told(other)}. Both must have one shape.`,
  );
}

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
}
