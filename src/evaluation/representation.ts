import { columnOf } from "../data/codedFields.ts";
import type { PixelCoding } from "../data/codings.ts";
import { type Dataset, part, type Split } from "../data/dataset.ts";
import { encodeSplit, type LatentRunner } from "./encodings.ts";
import { type Accuracy, accuracyOf, NEIGHBOURS, vote } from "./nearest.ts";
import { turnsOf } from "./runner.ts";
import { fitSoftmax, type Labelled } from "./softmaxRegression.ts";
import type { SplitName } from "./summary.ts";

/** The share of images whose class is found from the latent mean alone, with the standard error over images. */
export interface Representation {
  /** Training images that the classes are learned from, and others that are classified. */
  readonly fittedImages: number;
  readonly images: number;
  readonly linearProbe: Accuracy;
  readonly nearestNeighbours: Accuracy & { readonly k: number };
}

/** Training images and classified images that are looked at; their distances take about a second. */
const FITTED = 10_000;
const CLASSIFIED = 2000;

/**
 * How well latent means tell classes apart: a linear probe (softmax regression on standardised means, stopped early on a tenth
 * of the training images), and the vote of the 5 nearest training images by Euclidean distance, the nearest deciding ties.
 */
export async function assessRepresentation(
  train: Labelled,
  classified: Labelled,
  K: number,
  turn: () => Promise<void>,
): Promise<Representation> {
  const predictLinear = await fitSoftmax(train, K, turn);
  const shareOf = async (predict: (z: Float32Array) => number): Promise<Accuracy> => {
    let right = 0;
    for (let i = 0; i < classified.count; i++) {
      await turn();
      if (predict(rowOf(classified, i)) === classified.labels[i]) right++;
    }
    return accuracyOf(right, classified.count);
  };
  return {
    fittedImages: train.count,
    images: classified.count,
    linearProbe: await shareOf(predictLinear),
    nearestNeighbours: {
      k: NEIGHBOURS,
      ...(await shareOf((z) => vote(train.labels, K, distancesTo(train, z)))),
    },
  };
}

/** The same for a split of a dataset; undefined without classes, and for the training images, which would be their own neighbours. */
export async function estimateRepresentation(
  runner: LatentRunner,
  dataset: Dataset,
  split: SplitName,
  coding: PixelCoding,
): Promise<Representation | undefined> {
  const label = Object.values(dataset.fields).find((field) => field.kind === "class");
  const isLabelled = (set: Split) => label !== undefined && set.columns[label.name] !== undefined;
  if (!label || split === "train" || !isLabelled(dataset.train) || !isLabelled(dataset[split]))
    return undefined;
  const encoded = async (set: Split, atMost: number): Promise<Labelled> => {
    const first = part(set, Object.values(dataset.fields), 0, atMost);
    return { ...(await encodeSplit(runner, first, coding)), labels: columnOf(first, label) };
  };
  const train = await encoded(dataset.train, FITTED);
  return assessRepresentation(
    train,
    await encoded(dataset[split], CLASSIFIED),
    label.classCount,
    turnsOf(runner),
  );
}

const rowOf = ({ mean, latentDim: d }: Labelled, i: number) => mean.subarray(i * d, (i + 1) * d);

/** Squared distances from latent means to z, added up only as far as they may still be among the nearest. */
const distancesTo =
  ({ latentDim: d, mean }: Labelled, z: Float32Array) =>
  (i: number, farthest: number): number => {
    let distance = 0;
    for (let k = 0; k < d && distance < farthest; k++) distance += (mean[i * d + k]! - z[k]!) ** 2;
    return distance;
  };
