import type { Condition } from "../conditions/condition.ts";
import { evaluationBatches } from "../data/batches.ts";
import { codedSize } from "../data/codedFields.ts";
import type { PixelCoding } from "../data/codings.ts";
import { part, type Split } from "../data/dataset.ts";
import { fieldSize, type ImageShape, imageShapeOf } from "../data/field.ts";
import { isDensity, type Model } from "../model/model.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { type Coverage, coverageCounter } from "./calibration.ts";
import { ssim } from "./imageQuality.ts";
import { EVALUATION_SEED } from "./inputs.ts";
import { drawsOf } from "./observations.ts";
import { drawDecoded } from "./pictures.ts";
import { type Runner, turnsOf } from "./runner.ts";
import { type Estimate, estimateOf, meanOf } from "./statistics.ts";

/** Images that are predicted at a time: part of what the numbers are a function of, as is the stream that z is from. */
const BATCH = 25;

/** Images whose distribution functions are looked at: each value costs one for every draw. */
const COVERED_IMAGES = 100;

/** What a model, or a classical method, makes of y, against the truth. Values of x are in [0, 1]. */
export interface Quality {
  /** Root of the mean squared error over all values of all images, and the peak signal-to-noise ratio of it, in dB. */
  readonly rmse: number;
  readonly psnr: number;
  readonly psnrStandardError: number;
  /** Structural similarity, the mean over images (Wang et al. 2004), 11×11 Gaussian window. */
  readonly ssim: number;
  readonly ssimStandardError: number;
  /** Root mean square of A x̂ − y, in units of y; absent where y is no linear image of x. */
  readonly consistency?: number;
}

/** How well x is predicted from y, on the first images of a split. */
export interface Prediction {
  readonly images: number;
  /** Draws of z that each prediction is the mean over; 1 without a latent. */
  readonly draws: number;
  /** Of the mean of p(x|y). */
  readonly model: Quality;
  /** The same of the truth itself: what the noise in y leaves of consistency. */
  readonly truthConsistency?: number;
  readonly baseline?: Quality & { readonly name: string };
  /** The share of values within the central interval of p(x|y) that holds `nominal` of the probability, of `coveredImages`. */
  readonly coverage?: readonly Coverage[];
  readonly coveredImages?: number;
  /** The deviation between the means of different z, the root mean square over values: how much y leaves open; 0 without a latent. */
  readonly diversity: number;
  /** Squared error of each image, its mean over values, [images]. */
  readonly squaredErrors: Float64Array;
}

/** What is predicted of some images, [count, D] each. */
interface Predicted {
  readonly start: number;
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly mean: Float32Array;
  /** The deviation between the means of different z. */
  readonly spread: Float32Array;
  /** Parameters of p(x|z, y) of each draw, [draws, count, D, P]; of the first images alone, as they are many. */
  readonly decoded?: Float32Array;
}

/** Predicts images from y alone, with z ~ p(z|y); of a model with a condition. */
async function* predictions(runner: Runner, set: Split, coding: PixelCoding): AsyncGenerator<Predicted> {
  const { model } = runner;
  const { target, given } = model;
  const draws = drawsOf(model);
  const random = new RandomStream(EVALUATION_SEED);
  const turn = turnsOf(runner);
  let start = 0;
  const coded = { fields: [target, given!], coding, batchSize: BATCH, random };
  for (const { columns, count, index } of evaluationBatches(set, coded)) {
    await turn();
    const y = columns[given!.name]!;
    const results = tf.tidy(() => {
      const ofY = tf.tensor2d(y, [count, codedSize(given!)]);
      const decoded = drawDecoded(model, draws * count, random.fork("prediction").fork(index), ofY);
      const means = tf.reshape(model.likelihood.mean(decoded), [draws, count, fieldSize(target)]);
      const { mean, variance } = tf.moments(means, 0);
      return [mean, tf.sqrt(variance), ...(start < COVERED_IMAGES ? [tf.clone(decoded)] : [])];
    });
    const [mean, spread, decoded] = await Promise.all(results.map((r) => r.data() as Promise<Float32Array>));
    tf.dispose(results);
    const x = columns[target.name]!;
    yield { start, count, x, y, mean: mean!, spread: spread!, ...(decoded && { decoded }) };
    start += count;
  }
}

/** Measures the predictions on the first `atMost` images of a split, beside the condition's classical method. */
export async function estimatePrediction(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  condition: Condition | undefined,
  atMost = 1000,
): Promise<Prediction> {
  const { model } = runner;
  const first = part(set, model.fields, 0, atMost);
  const shape = imageShapeOf(model.target);
  const ofModel = qualityMeter(shape);
  const ofBaseline = qualityMeter(shape);
  const misfit = condition && misfitMeter(condition);
  const covered = isDensity(model) ? await coverageMeter(model) : undefined;
  const turn = turnsOf(runner);
  let spread = 0;
  for await (const batch of predictions(runner, first, coding)) {
    const { count, x, y, mean } = batch;
    const [D, M] = [x.length / count, y.length / count];
    const estimates = new Float32Array(x.length);
    for (let i = 0; i < count; i++) {
      const truth = x.subarray(i * D, (i + 1) * D);
      ofModel.add(mean.subarray(i * D, (i + 1) * D), truth);
      if (condition) {
        estimates.set(condition.baseline.reconstruct(y.subarray(i * M, (i + 1) * M)), i * D);
        ofBaseline.add(estimates.subarray(i * D, (i + 1) * D), truth);
      }
      if (batch.start + i < COVERED_IMAGES) await covered?.add(batch, i, turn);
      await turn();
    }
    await misfit?.add({ model: mean, baseline: estimates, truth: x }, y, count);
    spread += meanOf(batch.spread.map((s) => s ** 2)) * count;
  }
  const found = misfit?.roots();
  return {
    images: first.count,
    draws: drawsOf(model),
    model: { ...ofModel.quality(), ...(found && { consistency: found.model }) },
    ...(found && { truthConsistency: found.truth }),
    ...(condition && {
      baseline: { name: condition.baseline.name, ...ofBaseline.quality(), consistency: found!.baseline },
    }),
    ...(covered && { coverage: covered.shares(), coveredImages: Math.min(first.count, COVERED_IMAGES) }),
    diversity: Math.sqrt(spread / first.count),
    squaredErrors: ofModel.squaredErrors(),
  };
}

/** Collects what `Quality` is made of, an image after the other. */
function qualityMeter(shape: ImageShape) {
  const squares: number[] = [];
  const similarities: number[] = [];
  return {
    add(estimate: Float32Array, truth: Float32Array) {
      let sum = 0;
      for (let d = 0; d < truth.length; d++) sum += (estimate[d]! - truth[d]!) ** 2;
      squares.push(sum / truth.length);
      similarities.push(ssim(estimate, truth, shape));
    },
    squaredErrors: () => Float64Array.from(squares),
    quality(): Quality {
      const { mean, standardError } = estimateOf(squares);
      const similarity: Estimate = estimateOf(similarities);
      return {
        rmse: Math.sqrt(mean),
        psnr: -10 * Math.log10(mean),
        psnrStandardError: ((10 / Math.LN10) * standardError) / mean, // of a logarithm, to first order
        ssim: similarity.mean,
        ssimStandardError: similarity.standardError,
      };
    },
  };
}

/** Whose A x̂ is compared with y. */
type Estimated = "model" | "baseline" | "truth";

/** The root mean square of A x̂ − y of each, a batch after the other: A is a product with a matrix for all its images. */
function misfitMeter({ forward }: Condition) {
  const sums = { model: 0, baseline: 0, truth: 0 };
  let images = 0;
  return {
    async add(estimates: Readonly<Record<Estimated, Float32Array>>, y: Float32Array, count: number) {
      for (const name of Object.keys(sums) as Estimated[]) {
        const x = estimates[name];
        const squares = tf.tidy(() => {
          const given = tf.tensor2d(y, [count, y.length / count]);
          const back = forward(tf.tensor2d(x, [count, x.length / count]), given);
          return tf.mean(tf.square(tf.sub(back, given)), 1);
        });
        for (const square of await squares.data()) sums[name] += square;
        squares.dispose();
      }
      images += count;
    },
    roots: () =>
      Object.fromEntries(
        Object.entries(sums).map(([name, sum]) => [name, Math.sqrt(sum / images)]),
      ) as Record<Estimated, number>,
  };
}

/** Where x lies in p(x|y), the mean over z of p(x|z, y): F(x|y) is the mean of F(x|z, y), and uniform if p is right. */
async function coverageMeter(model: Model) {
  if (!isDensity(model)) throw new Error("a loss has no distribution function");
  const density = await model.likelihood.onHost();
  const P = model.likelihood.paramChannels;
  const random = new RandomStream("calibration");
  const { add, shares } = coverageCounter();
  return {
    async add({ x, count, decoded }: Predicted, i: number, turn: () => Promise<void>) {
      const D = x.length / count;
      const draws = decoded!.length / (count * D * P);
      for (let d = 0; d < D; d++) {
        if (d % 50 === 0) await turn();
        const value = x[i * D + d]!;
        const jump = random.uniform();
        let u = 0;
        for (let k = 0; k < draws; k++) {
          const at = ((k * count + i) * D + d) * P;
          const pixel = density(decoded!.subarray(at, at + P));
          u += pixel.cdf(value) - (pixel.values ? jump * Math.exp(pixel.logProb(value)) : 0);
        }
        add(u / draws);
      }
    },
    shares,
  };
}
