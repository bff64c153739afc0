import { columnOf } from "../data/codedFields.ts";
import { type Dataset, part } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { RandomStream } from "../tensors/random.ts";
import { drawGiven, observedClasses } from "./observations.ts";
import { type Accuracy, nearestClass } from "./representation.ts";
import { type Runner, turnsOf } from "./runner.ts";
import type { SplitName } from "./summary.ts";

/** Whether draws of p(x|class) are of their class, judged by the nearest training images. */
export interface ClassOfDraws {
  /** Training images that judge. */
  readonly fittedImages: number;
  readonly perClass: number;
  readonly draws: Accuracy;
  /** The same judge on real images of the split. */
  readonly images: Accuracy;
}

const FITTED = 10_000;
const DRAWS = 50;
const IMAGES = 500;

/**
 * Draws 50 images of each class and has them classified by the vote of the 5 nearest of 10,000 training images, by the
 * Euclidean distance of their pixels; undefined where the condition is no class.
 */
export async function estimateClassOfDraws(
  runner: Runner,
  dataset: Dataset,
  split: SplitName,
): Promise<ClassOfDraws | undefined> {
  const { model } = runner;
  const { given, target } = model;
  if (given?.kind !== "class") return undefined;
  const fields = Object.values(dataset.fields);
  const [train, others] = [part(dataset.train, fields, 0, FITTED), part(dataset[split], fields, 0, IMAGES)];
  const D = fieldSize(target);
  const scale = target.kind === "bytes" ? 1 / 255 : 1;
  const pixels = (set: typeof train) => Float32Array.from(columnOf(set, target), (v) => v * scale);
  const judges = { count: train.count, latentDim: D, mean: pixels(train), labels: columnOf(train, given) };
  const turn = turnsOf(runner);
  const judge = async (x: Float32Array, labels: ArrayLike<number>): Promise<Accuracy> => {
    let right = 0;
    for (let i = 0; i < labels.length; i++) {
      await turn();
      if (nearestClass(judges, x.subarray(i * D, (i + 1) * D), given.classCount) === labels[i]) right++;
    }
    const accuracy = right / labels.length;
    return { accuracy, standardError: Math.sqrt((accuracy * (1 - accuracy)) / labels.length) };
  };
  const classes = Array.from({ length: DRAWS * given.classCount }, (_, i) => i % given.classCount);
  const drawn = await drawGiven(model, observedClasses(given, classes), new RandomStream("classes"), "mean");
  return {
    fittedImages: train.count,
    perClass: DRAWS,
    draws: await judge(drawn, classes),
    images: await judge(pixels(others), columnOf(others, given)),
  };
}
