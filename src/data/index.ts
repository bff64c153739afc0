import { z } from "zod";
import { didYouMean, VaeError } from "../base/errors.ts";
import { binarizedMnist } from "./binarizedMnist.ts";
import { celeba64 } from "./celeba.ts";
import { cifar10 } from "./cifar10.ts";
import { cifarFiles } from "./cifarFiles.ts";
import { type Column, type Dataset, type Split, sharedColumn } from "./dataset.ts";
import { drawnDigits } from "./drawnDigits.ts";
import { drawnShapes } from "./drawnShapes.ts";
import { dsprites } from "./dsprites.ts";
import { emnist } from "./emnist.ts";
import { idxFiles } from "./idxFiles.ts";
import { changed } from "./imageChanges.ts";
import { imageFolder } from "./imageFolder.ts";
import { mnistFamily } from "./mnistFamily.ts";
import { amatFiles, matFiles, npzFiles } from "./npzFiles.ts";
import { omniglot } from "./omniglot.ts";
import { pairs } from "./pairs.ts";
import { type RangeSettings, withRange } from "./pixelRange.ts";
import { type DatasetSource, type LoadContext, stopIfAborted, turnsOf } from "./source.ts";
import { holdOut } from "./splits.ts";
import { binarized } from "./staticBinarization.ts";
import { svhn } from "./svhn.ts";
import { table } from "./table.ts";

export { type DataDirs, resolveDataDirs } from "./cache.ts";
export { type FetchedFile, type Inventory, type LoadContext, turnsOf as dataTurns } from "./source.ts";

const mnist = mnistFamily("mnist", "handwritten digits");
const fashionMnist = mnistFamily("fashion-mnist", "articles of clothing");
const kmnist = mnistFamily("kmnist", "cursive Japanese characters");

export const datasetSchema = z.discriminatedUnion("name", [
  drawnDigits.schema,
  drawnShapes.schema,
  mnist.schema,
  fashionMnist.schema,
  kmnist.schema,
  binarizedMnist.schema,
  emnist.schema,
  omniglot.schema,
  dsprites.schema,
  cifar10.schema,
  svhn.schema,
  idxFiles.schema,
  imageFolder.schema,
  celeba64.schema,
  npzFiles.schema,
  matFiles.schema,
  amatFiles.schema,
  cifarFiles.schema,
  pairs.schema,
  table.schema,
]);

export type DatasetConfig = z.output<typeof datasetSchema>;
export type DatasetName = DatasetConfig["name"];

export const datasets = {
  digits: drawnDigits,
  shapes: drawnShapes,
  mnist,
  "fashion-mnist": fashionMnist,
  kmnist,
  "binarized-mnist": binarizedMnist,
  emnist,
  omniglot,
  dsprites,
  "cifar-10": cifar10,
  svhn,
  idx: idxFiles,
  images: imageFolder,
  "celeba-64": celeba64,
  npz: npzFiles,
  mat: matFiles,
  amat: amatFiles,
  cifar: cifarFiles,
  pairs,
  table,
} satisfies { [Name in DatasetName]: DatasetSource };

export const datasetNames = Object.keys(datasets) as DatasetName[];

/** `name` if it is a dataset's; otherwise a usage error. */
export function datasetName(name: string): DatasetName {
  const found = datasetNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new VaeError(
    "usage",
    `${name} is not a dataset. Accepted: ${datasetNames.join(", ")}.${didYouMean(name, datasetNames)}`,
  );
}

/** Reads a dataset and holds its validation images (and where needed its test images) out of the training set. */
export async function loadDataset(config: DatasetConfig, context: LoadContext): Promise<Dataset> {
  const source: DatasetSource = datasets[config.name]; // the one place where the member's own type is let go
  const read = await source.load(config, context);
  stopIfAborted(context);
  const isOwn = "range" in datasets[config.name].schema.shape;
  const data = isOwn ? withRange(read, config as RangeSettings, context.warn ?? (() => {})) : read;
  const images = "invert" in config ? await changed(data, config, turnsOf(context)) : data;
  const isStatic = "pixels" in config && config.pixels === "binary-static";
  const whole = isStatic ? await binarized(images, turnsOf(context)) : images;
  const dataset = holdOut(whole, { ...config, split: splitOf(config) });
  const { train, validation, test } = dataset; // only what is kept of the source
  const shared = inSharedMemory(train);
  return {
    ...dataset,
    train: shared,
    validation: validation === train ? shared : inSharedMemory(validation),
    test: inSharedMemory(test),
  };
}

/** `dataset.split` with `order: auto` settled; undefined of a dataset that has its own three parts. */
export function splitOf(config: DatasetConfig) {
  if (!("split" in config) || config.name === "table") return undefined;
  const { inRandomOrder }: DatasetSource = datasets[config.name];
  const { order } = config.split;
  return {
    ...config.split,
    order: order === "auto" ? (inRandomOrder ? "file" : "shuffled") : order,
  } as const;
}

/** The thread that draws the batches then reads the same values. */
function inSharedMemory({ count, columns }: Split): Split {
  const shared = Object.entries(columns).map(([name, column]) => [name, copyToShared(column)]);
  return { count, columns: Object.fromEntries(shared) };
}

function copyToShared(column: Column): Column {
  if (column.buffer instanceof SharedArrayBuffer && column.byteLength === column.buffer.byteLength)
    return column;
  const copy = sharedColumn(column, column.length);
  copy.set(column);
  return copy;
}
