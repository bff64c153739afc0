import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { samplesOf } from "../model/noise.ts";
import * as tf from "../tensors/tf.ts";
import { evaluatePasses, imagesThatFit, termsPass } from "./passes.ts";
import type { Runner } from "./runner.ts";
import { estimateOf, quantile } from "./statistics.ts";

/**
 * Samples of an image in one pass, through which the encoder runs once; and decoder outputs of a pass (8 MB): small enough
 * to stay near the processor, large enough to keep it busy.
 */
const SAMPLES_AT_A_TIME = 50;
const DECODED_VALUES = 2e6;

/** −log p(x) over a split by importance sampling, in nats per image. */
export interface NllEstimate {
  /** K; 1 where there is no latent, and the estimate is no estimate. */
  readonly k: number;
  /**
   * −log (1/K) Σ_k w_k on average over the images, w_k = p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x): in expectation between
   * −log p(x) and −ELBO, falling with K (Burda, Grosse and Salakhutdinov 2016, theorem 1).
   */
  readonly nll: number;
  /** Over images. */
  readonly nllStandardError: number;
  /**
   * The part of it that other draws would change: √(Σ_n Var_n) / N, where the logarithm of a mean of K weights has about
   * the variance Var_n = 1/ESS_n − 1/K. Absent for K = 1, which does not tell. The bias is about half the mean of Var_n.
   */
  readonly nllDrawError?: number;
  /** (Σ w)² / Σ w², between 1 and K: how many draws from the exact posterior those of an image are worth. */
  readonly effectiveSampleSize: { readonly median: number; readonly tenthPercentile: number };
  /** −log p(x) of each image, [count]. */
  readonly perImage: Float64Array;
}

export interface NllOptions {
  readonly k: number;
  /** Draws that are done, of all those of all images. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly samplesAtATime?: number;
  readonly batchSize?: number;
}

/** log w of each draw, [S·B]. */
const weightsPass = termsPass((terms) => [tf.add(terms.logLikelihood, terms.logPriorRatio())]);

/**
 * Estimates −log p(x) with K weights of each image. They are added up as they come, a piece of the samples of a batch of
 * images at a time, so that the memory does not depend on K; each image and sample has noise of its own, so that the result
 * does not depend on the pieces.
 */
export async function estimateNll(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  { k, onProgress, ...options }: NllOptions,
): Promise<NllEstimate> {
  const K = samplesOf(runner.model, k);
  const samplesAtATime = options.samplesAtATime ?? evenPiece(K);
  const batchSize = options.batchSize ?? imagesThatFit(runner.model, samplesAtATime, DECODED_VALUES);
  const sums = Array.from({ length: set.count }, emptySum);
  let done = 0;
  const pieces = { samples: K, samplesAtATime, batchSize };
  for await (const { start, count, samples, values } of evaluatePasses(
    runner,
    set,
    coding,
    weightsPass,
    pieces,
  )) {
    const logWeights = values[0]!;
    for (let row = 0; row < samples * count; row++) addTo(sums[start + (row % count)]!, logWeights[row]!);
    done += samples * count;
    onProgress?.(done, K * set.count);
  }
  const perImage = Float64Array.from(sums, ({ max, sum }) => Math.log(K) - max - Math.log(sum));
  const sizes = Float64Array.from(sums, effectiveSize);
  const { mean, standardError } = estimateOf(perImage);
  const variance = sums.reduce((total, of) => total + logMeanVariance(of, K), 0);
  return {
    k: K,
    nll: mean,
    nllStandardError: standardError,
    ...(K > 1 && { nllDrawError: Math.sqrt(Math.max(0, variance)) / set.count }),
    effectiveSampleSize: { median: quantile(sizes, 0.5), tenthPercentile: quantile(sizes, 0.1) },
    perImage,
  };
}

/** Σ w and Σ w² of numbers given as log w, over exp(max) and its square. */
export interface WeightSum {
  max: number;
  sum: number;
  squares: number;
}

export const emptySum = (): WeightSum => ({ max: Number.NEGATIVE_INFINITY, sum: 0, squares: 0 });

export function addTo(of: WeightSum, logWeight: number): void {
  if (logWeight === Number.NEGATIVE_INFINITY) return;
  if (logWeight > of.max) {
    const scale = Math.exp(of.max - logWeight);
    of.sum *= scale;
    of.squares *= scale ** 2;
    of.max = logWeight;
  }
  const weight = Math.exp(logWeight - of.max);
  of.sum += weight;
  of.squares += weight ** 2;
}

/** (Σ w)² / Σ w² */
const effectiveSize = ({ sum, squares }: WeightSum): number => sum ** 2 / squares;

/** The variance that the logarithm of a mean of K such weights has about: 1/ESS − 1/K. */
export const logMeanVariance = (of: WeightSum, K: number): number => 1 / effectiveSize(of) - 1 / K;

/** Pieces of one size, as nearly as can be: each other size is computed for itself. */
const evenPiece = (K: number) => Math.ceil(K / Math.ceil(K / SAMPLES_AT_A_TIME));
