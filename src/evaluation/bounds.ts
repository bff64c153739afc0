import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { samplesOf } from "../model/noise.ts";
import { type Means, meansByName } from "../objectives/means.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";
import { evaluatePasses, type PassOptions, termsPass } from "./passes.ts";
import type { Pass, Runner } from "./runner.ts";
import { estimateOf, meanOf } from "./statistics.ts";

/** An objective's quantities over a split, means over its images, each counted once, in nats per image. */
export interface BoundEstimate {
  readonly count: number;
  readonly means: Means;
  /** The share of the learned scales at their lower bound, where they have one (see `Density`). */
  readonly scaleAtFloor?: number;
}

/**
 * E_q[−log p(x|z)] and KL(q(z|x) ‖ p(z)) over a split, in nats per image, each the mean over some draws z ~ q(z|x) of each
 * image and over the images; of a model without a latent, one. The standard errors are over images; what the draws add to
 * them is in them.
 */
export interface ElboEstimate {
  readonly count: number;
  /** S, draws of each image. */
  readonly samples: number;
  readonly distortion: number;
  readonly distortionStandardError: number;
  readonly rate: number;
  readonly rateStandardError: number;
  /** −ELBO of each image, and the rate in it, [count]. */
  readonly perImage: Float64Array;
  readonly perImageRate: Float64Array;
  /** By how much E_q[−log p(x|z)] of each image is above −log p(x|z) of its first draw, [count]. */
  readonly aboveFirstDraw: Float64Array;
  /**
   * The part of the error of −ELBO that other draws would change, √(Σ_n s_n² / S) / N with the deviation s_n between the
   * draws of image n; absent for a single draw, which does not tell.
   */
  readonly drawError?: number;
  readonly scaleAtFloor?: number;
}

const passes = new WeakMap<Objective, Pass>();

/** The quantities of each image, and the share at the floor. */
function boundPass(objective: Objective): Pass {
  const known = passes.get(objective);
  if (known) return known;
  const pass = termsPass((terms, { likelihood }) => [
    ...objective.perExample(terms),
    likelihood.scaleAtFloor?.(terms.decoded) ?? tf.scalar(0),
  ]);
  passes.set(objective, pass);
  return pass;
}

/** Estimates what an objective reports on a split, with its number of samples of each image (see `evaluatePasses`). */
export async function estimateBound(
  runner: Runner,
  objective: Objective,
  set: Split,
  coding: PixelCoding,
): Promise<BoundEstimate> {
  const { likelihood } = runner.model;
  const sums = objective.quantities.map(() => 0);
  let atFloor = 0;
  const { samples } = objective;
  for await (const { count, values } of evaluatePasses(runner, set, coding, boundPass(objective), {
    samples,
  })) {
    for (const i of sums.keys()) for (const value of values[i]!) sums[i]! += value;
    atFloor += count * values.at(-1)![0]!;
  }
  return {
    count: set.count,
    means: meansByName(
      objective,
      sums.map((sum) => sum / set.count),
    ),
    ...(likelihood.scaleAtFloor && { scaleAtFloor: atFloor / set.count }),
  };
}

/** log p(x|z) and the rate of each draw, [S·B], and the share of the scales at their floor. */
const drawsPass = termsPass((terms, { likelihood }) => [
  terms.logLikelihood,
  terms.rate,
  likelihood.scaleAtFloor?.(terms.decoded) ?? tf.scalar(0),
]);

/**
 * Estimates the two terms of the ELBO on a split, whatever trained the model, with one z ~ q(z|x) per image, or with as many
 * as `samples` says.
 */
export async function estimateElbo(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  options: Pick<PassOptions, "samples" | "batchSize"> = {},
): Promise<ElboEstimate> {
  const samples = samplesOf(runner.model, options.samples ?? 1);
  const distortions = new Float64Array(set.count);
  const rates = new Float64Array(set.count);
  const aboveFirstDraw = new Float64Array(set.count);
  let drawVariance = 0;
  let atFloor = 0;
  for await (const { start, count, values } of evaluatePasses(runner, set, coding, drawsPass, {
    ...options,
    samples,
  })) {
    const [logLikelihoods, ratesOfDraws, floor] = values as [Float32Array, Float32Array, Float32Array];
    for (let i = 0; i < count; i++) {
      const ofImage = (values: Float32Array) =>
        Float64Array.from({ length: samples }, (_, k) => values[k * count + i]!);
      const distortion = ofImage(logLikelihoods).map((value) => -value);
      const rate = ofImage(ratesOfDraws);
      distortions[start + i] = meanOf(distortion);
      rates[start + i] = meanOf(rate);
      aboveFirstDraw[start + i] = meanOf(distortion) - distortion[0]!;
      drawVariance += estimateOf(distortion.map((value, k) => value + rate[k]!)).standardError ** 2;
    }
    atFloor += count * floor[0]!;
  }
  const distortion = estimateOf(distortions);
  const rate = estimateOf(rates);
  return {
    count: set.count,
    samples,
    distortion: distortion.mean,
    distortionStandardError: distortion.standardError,
    rate: rate.mean,
    rateStandardError: rate.standardError,
    perImage: distortions.map((value, i) => value + rates[i]!),
    perImageRate: rates,
    aboveFirstDraw,
    ...(samples > 1 && { drawError: Math.sqrt(drawVariance) / set.count }),
    ...(runner.model.likelihood.scaleAtFloor && { scaleAtFloor: atFloor / set.count }),
  };
}
