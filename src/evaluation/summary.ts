import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import type { Model } from "../model/model.ts";
import { bitsPerDim } from "../objectives/means.ts";
import { estimateElbo } from "./bounds.ts";
import { estimateNll, type NllEstimate, type NllOptions } from "./importance.ts";
import { estimateLevels, type LevelsEstimate } from "./levels.ts";
import { readSigma } from "./readSigma.ts";
import { isOfDensity, type Runner } from "./runner.ts";
import { DEFAULT_SAMPLES } from "./samples.ts";
import { estimateOf, quantile, raisedBy } from "./statistics.ts";

export type SplitName = "train" | "validation" | "test";

/**
 * The numbers of a split, in nats per image, each with its standard error over images beside it; the same keys in
 * `summary.json` and from `vae evaluate --json`. A bare loss has no ELBO and no bits, and its distortion is that loss.
 */
export interface SplitSummary {
  readonly split: SplitName;
  readonly count: number;
  /** Draws of z of each image, for all but what comes with `k`. */
  readonly samples: number;
  readonly elbo?: number;
  readonly elboStandardError?: number;
  /** The part of it that other draws of z would change, see `ElboEstimate`. */
  readonly elboDrawError?: number;
  readonly distortion: number;
  readonly distortionStandardError: number;
  readonly rate: number;
  readonly rateStandardError: number;
  readonly bitsPerDim?: number;
  readonly bitsPerDimStandardError?: number;
  /** −ELBO of the median image. */
  readonly medianImage?: number;
  /** By how much the ten worst images raise the mean of −ELBO above that of all others. */
  readonly worstTenImages?: number;
  /** The same of the bytes themselves, where the pixels tell all 256 apart: comparable between likelihoods. */
  readonly levels256?: LevelsEstimate;
  readonly scaleAtFloor?: number;
  /** The standard deviation of the noise, where it is one number. */
  readonly sigma?: number;
  /**
   * Importance weights of each image; with it there is what they give, see `NllEstimate`. Without a latent `nll` is there
   * without them: it is exact, and −elbo.
   */
  readonly k?: number;
  readonly nll?: number;
  readonly nllStandardError?: number;
  readonly nllDrawError?: number;
  readonly nllBitsPerDim?: number;
  readonly nllBitsPerDimStandardError?: number;
  readonly effectiveSampleSize?: NllEstimate["effectiveSampleSize"];
  /** −ELBO − NLL, about KL(q(z|x) ‖ p(z|x)): what the approximate posterior costs. */
  readonly gap?: number;
  readonly gapStandardError?: number;
}

/** How the numbers of a summary come about, by what the model infers. */
export function protocolOf(
  summary: Pick<SplitSummary, "samples" | "k">,
  inferred: Model["inferred"],
): string {
  if (inferred === "nothing") return EXACT_PROTOCOL;
  return inferred === "weights" ? weightsProtocol(summary) : boundProtocol(summary);
}

const EXACT_PROTOCOL =
  "no latent, so nothing is drawn: nll = -elbo = distortion = -log p(x|y), exact; random pixel codings fixed by the image's " +
  "place in its split; every image counted once; levels256: log-probability of the bytes by differences of the likelihood's " +
  "distribution function";

/** Whether its −ELBO is −log p(x|y) itself, as it is of a model without a latent. */
export const isExact = ({ k, nll }: { readonly k?: number | undefined; readonly nll?: number | undefined }) =>
  nll !== undefined && k === undefined;

const weightsProtocol = ({ samples }: Pick<SplitSummary, "samples">) =>
  `mean over ${samples} w ~ q(w) per row with noise fixed by the row's place in its split; every row counted once; ` +
  "elbo = -(distortion + rate) with rate = KL(q(w) || p(w)) / N, that is beta = 1; predictions: log p(y|x) = log of the mean of " +
  "p(y|x,w) over draws of w, as many as they say";

const boundProtocol = ({ samples, k }: Pick<SplitSummary, "samples" | "k">) =>
  `mean over ${samples} z ~ q(z|x) per image with noise fixed by the image's place in its split; random pixel codings ` +
  "frozen the same way; every image counted once; elbo = -(distortion + rate), that is beta = 1; levels256: " +
  "log-probability of the bytes by differences of the likelihood's distribution function, with the first z, and for the " +
  "others as log p(x|z) differs from it" +
  (k === undefined ? "" : `; nll = -log of the mean of ${k} importance weights p(x,z)/q(z|x), z ~ q(z|x)`);

export interface SummaryOptions {
  /** Also computes `levels256`, which takes some microseconds for each pixel. */
  readonly levels: boolean;
  readonly samples?: number;
  /** Also estimates the NLL, with so many importance weights. */
  readonly k?: number | undefined;
  readonly onProgress?: NllOptions["onProgress"];
}

export async function summarise(
  runner: Runner,
  split: SplitName,
  set: Split,
  coding: PixelCoding,
  { levels, samples: draws = DEFAULT_SAMPLES, k, onProgress }: SummaryOptions,
): Promise<SplitSummary> {
  const { model } = runner;
  const estimate = await estimateElbo(runner, set, coding, { samples: draws });
  const { samples, perImage, drawError, scaleAtFloor } = estimate;
  const { count, distortion, distortionStandardError, rate, rateStandardError } = estimate;
  const terms = { count, samples, distortion, distortionStandardError, rate, rateStandardError };
  if (!isOfDensity(runner)) return { split, ...terms };
  const D = fieldSize(model.target);
  const elbo = -(distortion + rate);
  const { standardError } = estimateOf(perImage);
  const levels256 =
    levels && model.target.kind === "bytes" ? await estimateLevels(runner, set, coding, estimate) : undefined;
  return {
    split,
    ...terms,
    elbo,
    elboStandardError: standardError,
    ...(drawError !== undefined && { elboDrawError: drawError }),
    bitsPerDim: bitsPerDim(elbo, D),
    bitsPerDimStandardError: bitsPerDim(-standardError, D),
    medianImage: quantile(perImage, 0.5),
    worstTenImages: raisedBy(perImage, 10),
    ...(levels256 && { levels256 }),
    ...(scaleAtFloor !== undefined && { scaleAtFloor }),
    ...(await readSigma(model)),
    ...(model.inferred === "nothing" && { nll: -elbo, nllStandardError: standardError }),
    ...(k !== undefined &&
      model.inferred !== "nothing" &&
      withGap(await estimateNll(runner, set, coding, { k, onProgress }), perImage, D)),
  };
}

function withGap({ perImage, ...nll }: NllEstimate, minusElbo: Float64Array, D: number) {
  const gap = estimateOf(minusElbo.map((value, i) => value - perImage[i]!));
  return {
    ...nll,
    nllBitsPerDim: bitsPerDim(-nll.nll, D),
    nllBitsPerDimStandardError: bitsPerDim(-nll.nllStandardError, D),
    gap: gap.mean,
    gapStandardError: gap.standardError,
  };
}
