import { stat } from "node:fs/promises";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { type ArrayFile, openArrayFile, pick, pickNeeded } from "./arrayFile.ts";
import {
  type ArrayImages,
  CHANNELS_LAST,
  type ImageSettings,
  imagesOf,
  isChannels,
  isChannelsFirst,
} from "./arrayImages.ts";
import type { Column, SourceData, Split } from "./dataset.ts";
import { type Field, type ImageShape, whiteOf } from "./field.ts";
import { findPixels } from "./foundPixels.ts";
import { type ChangeSettings, changed, changeSettings } from "./imageChanges.ts";
import { imageNames, readImages } from "./imageFolder.ts";
import { imageFields, imageSplit } from "./images.ts";
import { type NumberArray, sizeOf, transposed } from "./npy.ts";
import { arrayGroups, arraySettings, checkShape, namesOf, twoTestSets } from "./npzFiles.ts";
import { usualRange, withRange } from "./pixelRange.ts";
import {
  defineSource,
  type LoadContext,
  ownFilesOnly,
  ownFilesSettings,
  stopIfAborted,
  turnsOf,
} from "./source.ts";

const summary = "your own images x, each with its y: two folders of images, or a .npz file";

const schema = z.strictObject({
  name: z.literal("pairs").describe(summary),
  path: z
    .string()
    .min(1)
    .describe("folder of images x, or .npz file of arrays x and y; relative to the working directory"),
  conditionPath: z
    .string()
    .min(1)
    .optional()
    .describe("folder of images y, each with the name of its x, or .npy file of y"),
  testPath: z.string().min(1).optional().describe("folder or file of the test images x"),
  testConditionPath: z.string().min(1).optional().describe("folder or file of their y"),
  x: z.string().min(1).optional().describe("array of the images (default: x or images)"),
  y: z.string().min(1).optional().describe("array of their y (default: y)"),
  ...arraySettings,
  ...changeSettings,
  ...ownFilesSettings,
});

type PairSettings = z.output<typeof schema>;

/** The user's own x and y, for models of p(x|y). */
export const pairs = defineSource({
  schema,
  summary,
  async load(config, context) {
    return (await isFolder(config.path)) ? readFolders(config, context) : readArrays(config, context);
  },
  ...ownFilesOnly("pairs"),
});

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw fileError(`dataset.path is ${path}, which cannot be read`, error, "usage");
  }
}

async function readFolders(config: PairSettings, context: LoadContext): Promise<SourceData> {
  const { path, conditionPath, testPath, testConditionPath, split } = config;
  for (const setting of ["x", "y", "shape"] as const) {
    if (config[setting] === undefined) continue;
    throw new VaeError("usage", `dataset.${setting} is for a .npz file, but ${path} is a folder.`);
  }
  if (conditionPath === undefined) {
    throw new VaeError("usage", `dataset.path ${path} is a folder: name that of y by dataset.conditionPath.`);
  }
  if ((testPath === undefined) !== (testConditionPath === undefined)) {
    const [given, missing] = testPath ? ["testPath", "testConditionPath"] : ["testConditionPath", "testPath"];
    throw new VaeError("usage", `dataset.${given} needs dataset.${missing}, which is not set.`);
  }
  await checkPairs(path, conditionPath);
  if (testPath !== undefined) await checkPairs(testPath, testConditionPath!);
  const { range, size, fit } = config;
  const x = await readImages({ path, testPath, split, range, size, fit }, context);
  const y = await readImages({ path: conditionPath, testPath: testConditionPath, split, size, fit }, context);
  const { shape, values } = await changedConditions(y, config, context);
  return joined({ ...x, hashes: { ...x.hashes, ...y.hashes } }, shape, values);
}

/** Images y, changed as x is: from black, 0, to white, 1, by the narrowest usual range that holds them. */
async function changedConditions(y: SourceData, settings: ChangeSettings, context: LoadContext) {
  const levels = withRange(y, { range: "auto" }, () => {});
  const { fields, train, test } = await changed(levels, settings, turnsOf(context));
  const field = fields["x"]!;
  const white = whiteOf(field);
  const values = [train, ...(test ? [test] : [])].map(({ columns }) =>
    Float32Array.from(columns["x"]!, (level) => level / white),
  );
  return { shape: field.shape, values };
}

/** Fails where the images of two folders are not of the same names. */
async function checkPairs(xFolder: string, yFolder: string): Promise<void> {
  const [x, y] = [await imageNames(xFolder), await imageNames(yFolder)];
  const missing = [
    ...alone(x, y, `in ${xFolder} but not in ${yFolder}`),
    ...alone(y, x, `in ${yFolder} but not in ${xFolder}`),
  ];
  if (missing.length === 0) return;
  throw new VaeError(
    "failure",
    `Each x needs a y of the same file name. ${missing.join("; ")}. Add the missing ones, or remove the others.`,
  );
}

function alone(names: readonly string[], others: readonly string[], where: string): string[] {
  const known = new Set(others);
  const left = names.filter((name) => !known.has(name));
  if (left.length === 0) return [];
  const some = left.slice(0, 3).join(", ");
  return [`${left.length} of ${names.length} are ${where}: ${some}${left.length > 3 ? ", …" : ""}`];
}

const [X, Y] = [namesOf("x", "images"), namesOf("y", "conditions")];

async function readArrays(config: PairSettings, context: LoadContext): Promise<SourceData> {
  const hashes: Record<string, string> = {};
  const open = async (setting: "path" | "conditionPath" | "testPath" | "testConditionPath") => {
    const path = config[setting];
    if (path === undefined) return undefined;
    stopIfAborted(context);
    const file = await openArrayFile(path, `dataset.${setting}`);
    hashes[path] = file.sha256;
    return file;
  };
  const file = (await open("path"))!;
  const [conditions, testFile, testConditions] = [
    await open("conditionPath"),
    await open("testPath"),
    await open("testConditionPath"),
  ];
  const train = readPairs(file, conditions, config, "train");
  const own = pick(file, { setting: "", names: X.test });
  if (own && testFile) throw twoTestSets(own.name, testFile.path);
  const test = testFile
    ? readPairs(
        testFile,
        testConditions,
        config,
        X.test.some((name) => testFile.names.includes(name)) ? "test" : "train",
      )
    : own && readPairs(file, conditions, config, "test");
  if (test) {
    checkShape(test.x, train.x);
    checkShape(test.y, train.y);
  }
  const split = ({ x }: Pairs) => imageSplit(x.count, x.pixels);
  const groups = arrayGroups(file, train.x.count, config.split);
  const source = {
    fields: imageFields(train.x.shape),
    train: split(train),
    ...(test && { test: split(test) }),
    ...(groups && { groups }),
    hashes,
  };
  const { shape, values } = await arrayConditions(train.y, test?.y, config, context);
  return joined(source, shape, values);
}

const isImageShape = (shape: readonly number[]) => shape.length === 3 && isChannels(shape[2]!);

/** y of the training part and of the test part; images of bytes are changed as x is. */
async function arrayConditions(
  train: Conditions,
  test: Conditions | undefined,
  settings: ChangeSettings,
  context: LoadContext,
) {
  const { size, transpose, invert } = settings;
  const isChanged = size !== undefined || transpose || invert;
  const parts = [train, ...(test ? [test] : [])];
  if (!isChanged || !isImageShape(train.shape)) return { shape: train.shape, values: realValues(parts) };
  const split = ({ name, shape, values }: Conditions) => {
    if (values instanceof Uint8Array) return imageSplit(values.length / sizeOf(shape), values);
    throw new VaeError(
      "usage",
      `${name}: images of other values than bytes, which dataset.size, transpose and invert do not change. ` +
        "Save them as uint8, or change x and y before.",
    );
  };
  const fields = imageFields(train.shape as ImageShape);
  const source = { fields, train: split(train), ...(test && { test: split(test) }), hashes: {} };
  return changedConditions(source, settings, context);
}

interface Pairs {
  readonly x: ArrayImages;
  readonly y: Conditions;
}

interface Conditions {
  readonly name: string;
  /** Of one. */
  readonly shape: readonly number[];
  readonly values: NumberArray["values"];
}

/** Arrays of one part: y is in the file of x, or in one of its own. */
function readPairs(
  file: ArrayFile,
  conditions: ArrayFile | undefined,
  config: PairSettings & ImageSettings,
  part: "train" | "test",
): Pairs {
  const isTrain = part === "train";
  const x = imagesOf(
    pickNeeded(file, {
      setting: "dataset.x",
      names: X[part],
      wanted: isTrain ? config.x : undefined,
      isOnly: conditions !== undefined,
    }),
    config,
  );
  const y = pickNeeded(conditions ?? file, {
    setting: "dataset.y",
    names: Y[part],
    wanted: isTrain ? config.y : undefined,
    isOnly: conditions !== undefined,
  });
  if (y.dims[0] !== x.count) {
    throw new VaeError(
      "failure",
      `${y.name}: an array of ${y.dims.join("x") || "no dimensions"}. Expected one y for each of the ${x.count} images of ${x.name}.`,
    );
  }
  return { x, y: conditionsOf(y) };
}

/** Any shape; images get the form [H, W, C] that x has. */
function conditionsOf({ name, dims, values }: NumberArray): Conditions {
  const [, ...shape] = dims;
  if (sizeOf(shape) === 0)
    throw new VaeError("failure", `${name}: an array of ${dims.join("x")}, which holds nothing.`);
  if (shape.length === 2) return { name, shape: [...shape, 1], values };
  if (!isChannelsFirst(dims)) return { name, shape, values };
  const [C, H, W] = shape as [number, number, number];
  return { name, shape: [H, W, C], values: transposed(values, dims, CHANNELS_LAST) };
}

/** y as a model reads it: bytes scaled to [0, 1], other numbers as they are, which must be finite. */
function realValues(parts: readonly Conditions[]): Float32Array[] {
  if (parts.every(({ values }) => values instanceof Uint8Array)) {
    return unitValues(parts.map(({ values }) => values as Uint8Array));
  }
  return parts.map(({ name, values }) => {
    const odd = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (odd < 0) return Float32Array.from(values);
    throw new VaeError(
      "failure",
      `${name}: value ${odd} of them all is ${values[odd]}. Accepted: finite numbers of 32 bits.`,
    );
  });
}

/** From black, 0, to white, 1, by the narrowest usual range that holds them, as `dataset.range: auto` has it. */
function unitValues(parts: readonly Column[]): Float32Array[] {
  const white = usualRange(findPixels(parts))[1];
  return parts.map((values) => Float32Array.from(values, (value) => value / white));
}

function conditionField(shape: readonly number[]): Field {
  return { name: "y", shape, kind: "real", show: isImageShape(shape) ? "image" : "value" };
}

/** A source with y, of the training part and then of the test part, beside its images. */
function joined(
  { fields, train, test, groups, hashes }: SourceData,
  shape: readonly number[],
  [ofTrain, ofTest]: readonly Float32Array[],
): SourceData {
  const withY = ({ count, columns }: Split, y: Float32Array): Split => ({
    count,
    columns: { ...columns, y },
  });
  return {
    fields: { ...fields, y: conditionField(shape) },
    train: withY(train, ofTrain!),
    ...(test && { test: withY(test, ofTest!) }),
    ...(groups && { groups }),
    hashes,
  };
}
