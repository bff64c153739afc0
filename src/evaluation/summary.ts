import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { bitsPerDim } from "../objectives/means.ts";
import { estimateElbo } from "./bounds.ts";
import { estimateLevels, type LevelsEstimate } from "./levels.ts";
import { readSigma } from "./readSigma.ts";
import { isOfDensity, type Runner } from "./runner.ts";

export type SplitName = "train" | "validation" | "test";

/**
 * The numbers of a split, in nats per image; the same keys in `summary.json` and from `vae evaluate --json`. A bare loss
 * has no ELBO and no bits, and its distortion is that loss.
 */
export interface SplitSummary {
  readonly split: SplitName;
  readonly count: number;
  readonly elbo?: number;
  readonly distortion: number;
  readonly rate: number;
  readonly bitsPerDim?: number;
  /** The same of the bytes themselves, where the pixels tell all 256 apart: comparable between likelihoods. */
  readonly levels256?: LevelsEstimate;
  readonly scaleAtFloor?: number;
  /** The standard deviation of the noise, where it is one number. */
  readonly sigma?: number;
}

/** How the numbers of a summary come about. */
export const PROTOCOL =
  "one z ~ q(z|x) per image with noise fixed by the image's place in its split; random pixel codings frozen the same " +
  "way; every image counted once; elbo = -(distortion + rate), that is beta = 1; levels256: log-probability of the " +
  "bytes, by differences of the likelihood's distribution function";

/** `levels` also computes `levels256`, which takes some microseconds for each pixel. */
export async function summarise(
  runner: Runner,
  split: SplitName,
  set: Split,
  coding: PixelCoding,
  { levels }: { levels: boolean },
): Promise<SplitSummary> {
  const { vae } = runner;
  const estimate = await estimateElbo(runner, set, coding);
  const { count, distortion, rate, ...rest } = estimate;
  if (!isOfDensity(runner)) return { split, count, distortion, rate };
  const D = fieldSize(vae.target);
  const elbo = -(distortion + rate);
  const levels256 = levels ? await estimateLevels(runner, set, coding, estimate) : undefined;
  return {
    split,
    count,
    elbo,
    distortion,
    rate,
    bitsPerDim: bitsPerDim(elbo, D),
    ...(levels256 && { levels256 }),
    ...rest,
    ...(await readSigma(vae)),
  };
}
