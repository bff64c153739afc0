import { evaluationBatches } from "../data/batches.ts";
import { codedSize } from "../data/codedFields.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { type Field, fieldSize } from "../data/field.ts";
import { isDensity, type Model } from "../model/model.ts";
import { hasLatents } from "../model/vae.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { EVALUATION_SEED } from "./inputs.ts";
import { decodedGiven, type PixelMode, render } from "./pictures.ts";
import { drawsOf } from "./predictive.ts";

/** Some y, and where it is known the x that each is of. */
export interface GivenExamples {
  readonly count: number;
  /** What the model sees of y, [count, …]. */
  readonly y: Float32Array;
  /** [count, D] */
  readonly x?: Float32Array;
}

/** What a model says of them. */
export interface Conditionals {
  /** E[x|y], [count, D]: of a model with latents the mean over 64 z. */
  readonly mean: Float32Array;
  /** The deviation of x given y, noise and all, [count, D]; of a bare loss of the means alone. */
  readonly deviation: Float32Array;
  /** Images that y leaves possible, [count, D] each; none without a latent, unless pixels are drawn. */
  readonly draws: readonly Float32Array[];
}

/** Some examples of a split by their places, as a model with a condition sees them. */
export function examplesAt(
  model: Model,
  set: Split,
  coding: PixelCoding,
  places: readonly number[],
): GivenExamples {
  const { target, given } = model;
  const random = new RandomStream(EVALUATION_SEED);
  const [D, M] = [fieldSize(target), codedSize(given!)];
  const x = new Float32Array(places.length * D);
  const y = new Float32Array(places.length * M);
  const last = Math.max(...places);
  let start = 0;
  for (const { columns, count } of evaluationBatches(set, {
    fields: [target, given!],
    coding,
    batchSize: 100,
    random,
  })) {
    for (const [i, place] of places.entries()) {
      const at = place - start;
      if (at < 0 || at >= count) continue;
      x.set(columns[target.name]!.subarray(at * D, (at + 1) * D), i * D);
      y.set(columns[given!.name]!.subarray(at * M, (at + 1) * M), i * M);
    }
    start += count;
    if (start > last) break;
  }
  return { count: places.length, x, y };
}

/** Classes as a model sees them, with their names: the first ones, or these. */
export function everyClassOf(
  { classCount, classNames }: Extract<Field, { kind: "class" }>,
  which: number | readonly number[],
): { examples: GivenExamples; labels: string[] } {
  const classes =
    typeof which === "number" ? Array.from({ length: Math.min(classCount, which) }, (_, k) => k) : which;
  const y = new Float32Array(classes.length * classCount);
  for (const [i, k] of classes.entries()) y[i * classCount + k] = 1;
  return { examples: { count: classes.length, y }, labels: classes.map((k) => classNames?.[k] ?? String(k)) };
}

/** Means and draws of p(x|y). */
export async function drawConditionals(
  model: Model,
  { count, y }: GivenExamples,
  {
    draws,
    random,
    pixels,
  }: { readonly draws: number; readonly random: RandomStream; readonly pixels: PixelMode },
): Promise<Conditionals> {
  const { given, target, likelihood } = model;
  const D = fieldSize(target);
  const shown = hasLatents(model) || pixels === "draw" ? draws : 0;
  const results = tf.tidy(() => {
    const ofY = tf.tensor2d(y, [count, codedSize(given!)]);
    const averaged = drawsOf(model);
    const decoded = decodedGiven(model, averaged * count, random.fork("mean"), ofY);
    const means = tf.reshape(likelihood.mean(decoded), [averaged, count, D]);
    const noisy = isDensity(model)
      ? likelihood.sample(
          decodedGiven(model, NOISE_DRAWS * count, random.fork("deviation"), ofY),
          random.fork("noise"),
        )
      : undefined;
    const spread = noisy
      ? tf.moments(tf.reshape(noisy, [NOISE_DRAWS, count, D]), 0).variance
      : tf.moments(means, 0).variance;
    const one = (i: number) => {
      const stream = random.fork("draw").fork(i);
      return render(model, decodedGiven(model, count, stream, ofY), stream.fork("pixels"), pixels);
    };
    return [tf.mean(means, 0), tf.sqrt(spread), ...Array.from({ length: shown }, (_, i) => one(i))];
  });
  const [mean, deviation, ...drawn] = (await Promise.all(results.map((r) => r.data()))) as Float32Array[];
  tf.dispose(results);
  return { mean: mean!, deviation: deviation!, draws: drawn };
}

/** Draws of x that its deviation is taken of. */
const NOISE_DRAWS = 64;
