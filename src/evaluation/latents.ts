import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { HALF_LOG_TWO_PI, logSumExp } from "../tensors/hostMath.ts";
import { type Encodings, encodeSplit, type LatentRunner } from "./encodings.ts";
import { turnsOf } from "./runner.ts";

/** From here on a dimension of z is active: Var_x E[z_d|x] (Burda et al. 2016, section 5.2), and E_x KL_d in nats. */
export const ACTIVE_VARIANCE = 0.01;
export const ACTIVE_KL = 0.1;

/** Images between all pairs of which the aggregated posterior is taken. */
const AGGREGATED_IMAGES = 2000;

/** What the posterior makes of the latents, in nats per image. */
export interface LatentHealth {
  readonly images: number;
  readonly latentDim: number;
  /** How many dimensions are active, by either definition. */
  readonly active: { readonly variance: number; readonly kl?: number };
  /** Var_x E[z_d|x] of each dimension. */
  readonly varianceOfMean: readonly number[];
  /** E_x KL(q(z_d|x) ‖ N(0, 1)) of each dimension, where q and the prior have independent dimensions. */
  readonly klPerDimension?: readonly number[];
  /** Absent where q(z|x) of another image's z is not known in closed form, and with a condition. */
  readonly aggregated?: AggregatedPosterior;
  /** No more than a tenth of the dimensions tell images apart. */
  readonly collapsed: boolean;
}

/**
 * The two parts of the rate (Hoffman and Johnson 2016, "ELBO surgery"), with q(z) = 1/N Σ_n q(z|x_n) over the first N images:
 *
 *     E_x KL(q(z|x) ‖ p(z)) = I(x; z) + KL(q(z) ‖ p(z))
 *
 * Each from one z ~ q(z|x) of each image. I is that of these N images and never exceeds log N: for all there are, it is
 * larger, and the distance from the prior smaller; where I comes close to log N, both are hardly more than bounds.
 */
export interface AggregatedPosterior {
  /** N */
  readonly images: number;
  readonly mutualInformation: number;
  /** log N */
  readonly mostInformation: number;
  /** KL(q(z) ‖ p(z)) */
  readonly divergence: number;
}

/** Of the posterior over a split. */
export async function estimateLatents(
  runner: LatentRunner,
  set: Split,
  coding: PixelCoding,
): Promise<LatentHealth> {
  const { priorKind, given } = runner.model;
  const about = { hasNormalPrior: priorKind === "standardNormal", isConditional: given !== undefined };
  return latentHealth(await encodeSplit(runner, set, coding), about, turnsOf(runner));
}

/**
 * The same of encodings; `hasNormalPrior` says that p(z) is N(0, I), and `isConditional` that q(z|x, y) is, whose mean over
 * images has no part in the rate. `turn` is awaited between images, see `turns`.
 */
export async function latentHealth(
  encodings: Encodings,
  {
    hasNormalPrior,
    isConditional = false,
  }: { readonly hasNormalPrior: boolean; readonly isConditional?: boolean },
  turn: () => Promise<void>,
): Promise<LatentHealth> {
  const { count: images, latentDim, logVar } = encodings;
  const { varianceOfMean, klPerDimension } = dimensionsOf(encodings, hasNormalPrior);
  const variance = varianceOfMean.filter((value) => value > ACTIVE_VARIANCE).length;
  return {
    images,
    latentDim,
    active: {
      variance,
      ...(klPerDimension && { kl: klPerDimension.filter((value) => value > ACTIVE_KL).length }),
    },
    varianceOfMean,
    ...(klPerDimension && { klPerDimension }),
    ...(logVar && !isConditional && { aggregated: await aggregatedPosterior(encodings, logVar, turn) }),
    collapsed: variance <= latentDim / 10,
  };
}

/** Var_x E[z_d|x] of each dimension, and where q and the prior have independent dimensions E_x KL(q(z_d|x) ‖ N(0, 1)) in nats. */
export const dimensionsOf = (encodings: Encodings, hasNormalPrior: boolean) => ({
  varianceOfMean: momentsOf(encodings, encodings.mean).variance,
  ...(encodings.logVar && hasNormalPrior && { klPerDimension: klOf(encodings, encodings.logVar) }),
});

/** Mean and variance over images of each dimension of some values, [count, d]; in two passes, as means may be far from 0. */
export function momentsOf({ count, latentDim: d }: Encodings, values: Float32Array) {
  const mean = averages(count, d, (n) => values[n]!);
  return { mean, variance: averages(count, d, (n) => (values[n]! - mean[n % d]!) ** 2) };
}

/** E_x ½ (exp(logVar) + mean² − 1 − logVar), [d]. */
const klOf = ({ count, latentDim, mean }: Encodings, logVar: Float32Array): number[] =>
  averages(count, latentDim, (n) => 0.5 * (Math.exp(logVar[n]!) + mean[n]! ** 2 - 1 - logVar[n]!));

/** The means over rows of `value` at each place of an array [count, d]. */
function averages(count: number, d: number, value: (n: number) => number): number[] {
  const sums = new Float64Array(d);
  for (let n = 0; n < count * d; n++) sums[n % d]! += value(n);
  return Array.from(sums, (sum) => sum / count);
}

async function aggregatedPosterior(
  { count, latentDim: d, mean, z, logPosterior, logPrior }: Encodings,
  logVar: Float32Array,
  turn: () => Promise<void>,
): Promise<AggregatedPosterior> {
  const N = Math.min(count, AGGREGATED_IMAGES);
  const precision = Float64Array.from(logVar.subarray(0, N * d), (value) => Math.exp(-value));
  const constant = Float64Array.from({ length: N }, (_, m) => {
    let sum = 0;
    for (let k = m * d; k < (m + 1) * d; k++) sum += HALF_LOG_TWO_PI + 0.5 * logVar[k]!;
    return -sum;
  });
  const logProbs = new Float64Array(N);
  let [information, divergence] = [0, 0];
  for (let n = 0; n < N; n++) {
    await turn();
    for (let m = 0; m < N; m++) {
      let square = 0;
      for (let k = 0; k < d; k++) square += (z[n * d + k]! - mean[m * d + k]!) ** 2 * precision[m * d + k]!;
      logProbs[m] = constant[m]! - 0.5 * square;
    }
    const logAggregated = logSumExp(logProbs) - Math.log(N);
    information += logPosterior[n]! - logAggregated;
    divergence += logAggregated - logPrior[n]!;
  }
  return {
    images: N,
    mutualInformation: information / N,
    mostInformation: Math.log(N),
    divergence: divergence / N,
  };
}
