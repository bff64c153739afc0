import { columnOf } from "../data/codedFields.ts";
import { emptyColumn, type Split } from "../data/dataset.ts";
import { type Field, fieldSize } from "../data/field.ts";
import { isDensity, type Model } from "../model/model.ts";
import { hasLatents } from "../model/vae.ts";
import type { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { drawDecoded, givenOf, type PixelMode, render } from "./pictures.ts";

/** Some y that a model is given, what each is called, and the x that they came from, where it is known. */
export interface Observations {
  readonly set: Split;
  /** Such as `test 3`; all are empty where y says it itself. */
  readonly names: readonly string[];
}

/** The examples of a split at some places, which it has. */
export function observationsAt(
  set: Split,
  { target, given }: Model,
  places: readonly number[],
  split: string,
): Observations {
  const columns = [target, given!].flatMap((field) => {
    const D = fieldSize(field);
    const column = columnOf(set, field);
    const values = emptyColumn(column, places.length * D);
    for (const [i, place] of places.entries()) values.set(column.subarray(place * D, (place + 1) * D), i * D);
    return [[field.name, values] as const];
  });
  return {
    set: { count: places.length, columns: Object.fromEntries(columns) },
    names: places.map((place) => `${split} ${place}`),
  };
}

/** Classes that are given themselves, without an example. */
export const observedClasses = (given: Field, classes: readonly number[]): Observations => ({
  set: { count: classes.length, columns: { [given.name]: Uint8Array.from(classes) } },
  names: classes.map(() => ""),
});

export const everyClass = (given: Extract<Field, { kind: "class" }>): Observations =>
  observedClasses(given, range(given.classCount));

/** What shows a conditional model: a row for each class, or for the first examples of a split. */
export const firstObservations = (set: Split, model: Model, split: string, most: number): Observations =>
  model.given?.kind === "class"
    ? everyClass(model.given)
    : observationsAt(set, model, range(Math.min(most, set.count)), split);

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The draws of z that E[x|y] is averaged over. */
export const MEAN_DRAWS = 64;

/** The same for a model, of which one without a latent has but one. */
export const drawsOf = (model: Model): number => (hasLatents(model) ? MEAN_DRAWS : 1);

/** Of x given each y, [count, D] each, in the units of x. */
export interface Predictions {
  /** E[x|y], the mean of E[x|z, y] over the draws. */
  readonly mean: Float32Array;
  /** √Var[x|y] from as many draws x ~ p(x|z, y): what y leaves open, and the noise; of a loss, which has no noise, the former. */
  readonly std: Float32Array;
}

/** How many y go through the model at once. */
const AT_ONCE = 100;

/** Mean and standard deviation of p(x|y) for each y, over `draws` of z and x. */
export async function predict(
  model: Model,
  { set }: Observations,
  draws: number,
  random: RandomStream,
): Promise<Predictions> {
  const D = fieldSize(model.target);
  const [mean, squares] = [new Float64Array(set.count * D), new Float64Array(set.count * D)];
  await inParts(model, set, random, async (y, start, random) => {
    for (let draw = 0; draw < draws; draw++) {
      const [expected, drawn] = await twoOf(model, y, random.fork(draw));
      for (const [i, value] of expected.entries()) {
        mean[start * D + i]! += value / draws;
        squares[start * D + i]! += (drawn[i]! - value) ** 2 / draws + value ** 2 / draws;
      }
    }
  });
  return {
    mean: Float32Array.from(mean),
    std: Float32Array.from(squares, (square, i) => Math.sqrt(Math.max(0, square - mean[i]! ** 2))),
  };
}

/** E[x|z, y] and x ~ p(x|z, y) of the same z ~ p(z|y), [B, D] each. */
async function twoOf(model: Model, y: tf.Tensor2D, random: RandomStream) {
  const [expected, drawn] = tf.tidy(() => {
    const decoded = drawDecoded(model, y.shape[0], random, y);
    const mode = isDensity(model) ? "draw" : "mean";
    return [
      render(model, decoded, random, "mean"),
      render(model, decoded, random.fork("pixels"), mode),
    ] as const;
  });
  const values = await Promise.all([expected.data(), drawn.data()]);
  tf.dispose([expected, drawn]);
  return values as [Float32Array, Float32Array];
}

/** One x for each y: E[x|z, y] or x ~ p(x|z, y), z ~ p(z|y). [count, D]. */
export async function drawGiven(
  model: Model,
  { set }: Observations,
  random: RandomStream,
  pixels: PixelMode,
): Promise<Float32Array> {
  const D = fieldSize(model.target);
  const all = new Float32Array(set.count * D);
  await inParts(model, set, random, async (y, start, random) => {
    const drawn = tf.tidy(() =>
      render(model, drawDecoded(model, y.shape[0], random, y), random.fork("pixels"), pixels),
    );
    all.set(await drawn.data(), start * D);
    drawn.dispose();
  });
  return all;
}

/** The y of a split on the device, some at a time, each part with random numbers of its own. */
async function inParts(
  model: Model,
  set: Split,
  random: RandomStream,
  use: (y: tf.Tensor2D, start: number, random: RandomStream) => Promise<void>,
): Promise<void> {
  const given = model.given!;
  const D = fieldSize(given);
  const column = columnOf(set, given);
  for (let start = 0; start < set.count; start += AT_ONCE) {
    const count = Math.min(AT_ONCE, set.count - start);
    const columns = { [given.name]: column.subarray(start * D, (start + count) * D) };
    const y = givenOf(model, { count, columns }, count)!;
    try {
      await use(y, start, random.fork(start));
    } finally {
      y.dispose();
    }
  }
}
