import { columnOf } from "../data/codedFields.ts";
import { type Dataset, part, type Split } from "../data/dataset.ts";
import { fieldSize, whiteOf } from "../data/field.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { type Accuracy, accuracyOf, vote } from "./nearest.ts";
import { drawGiven, observedClasses } from "./observations.ts";
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

const DRAWS = 50;
const IMAGES = 500;

/** Images whose distances to all training images are on the device at a time: 22 MB for MNIST. */
const AT_A_TIME = 100;

/**
 * Draws 50 images of each class and has them classified by the vote of the 5 nearest training images, by the Euclidean
 * distance of their pixels; undefined where the condition is no class.
 */
export async function estimateClassOfDraws(
  runner: Runner,
  dataset: Dataset,
  split: SplitName,
): Promise<ClassOfDraws | undefined> {
  const { model } = runner;
  const { given, target } = model;
  if (given?.kind !== "class") return undefined;
  const others = part(dataset[split], Object.values(dataset.fields), 0, IMAGES);
  const scale = target.kind === "bytes" ? 1 / whiteOf(target) : 1;
  const pixels = (set: Split) => Float32Array.from(columnOf(set, target), (v) => v * scale);
  const judges = { x: pixels(dataset.train), labels: columnOf(dataset.train, given), D: fieldSize(target) };
  const judge = async (x: Float32Array, labels: ArrayLike<number>): Promise<Accuracy> => {
    const found = await nearestClasses(judges, x, given.classCount, turnsOf(runner));
    return accuracyOf(found.filter((label, i) => label === labels[i]).length, labels.length);
  };
  const classes = Array.from({ length: DRAWS * given.classCount }, (_, i) => i % given.classCount);
  const drawn = await drawGiven(model, observedClasses(given, classes), new RandomStream("classes"), "mean");
  return {
    fittedImages: dataset.train.count,
    perClass: DRAWS,
    draws: await judge(drawn, classes),
    images: await judge(pixels(others), columnOf(others, given)),
  };
}

interface Judges {
  /** [N, D] */
  readonly x: Float32Array;
  readonly labels: ArrayLike<number>;
  readonly D: number;
}

/** The class that most of the 5 nearest have, of each image [count, D]. |a − b|² = |b|² − 2ab + |a|², the last the same for all. */
async function nearestClasses(
  { x, labels, D }: Judges,
  images: Float32Array,
  K: number,
  turn: () => Promise<void>,
): Promise<number[]> {
  const N = labels.length;
  const known = tf.tidy(() => tf.transpose(tf.tensor2d(x, [N, D])));
  const squares = tf.tidy(() => tf.sum(tf.square(known), 0));
  const found: number[] = [];
  for (let start = 0; start < images.length; start += AT_A_TIME * D) {
    await turn();
    const some = images.subarray(start, start + AT_A_TIME * D);
    const distances = tf.tidy(() =>
      tf.sub(squares, tf.mul(tf.matMul(tf.tensor2d(some, [some.length / D, D]), known as tf.Tensor2D), 2)),
    );
    const values = (await distances.data()) as Float32Array;
    distances.dispose();
    for (let i = 0; i < some.length / D; i++) found.push(vote(labels, K, (n) => values[i * N + n]!));
  }
  tf.dispose([known, squares]);
  return found;
}
