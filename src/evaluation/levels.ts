import { columnOf } from "../data/codedFields.ts";
import { byteIntervals, type PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize, whiteOf } from "../data/field.ts";
import type { Density } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import { bitsPerDim } from "../objectives/means.ts";
import type { ElboEstimate } from "./bounds.ts";
import { decodedPass, evaluatePasses } from "./passes.ts";
import { type Runner, turnsOf } from "./runner.ts";
import { estimateOf, meanOf } from "./statistics.ts";

/** A bound on log P(v) for the levels v of an image themselves, in nats per image, on the counting measure of their 256, or as many as there are. */
export interface LevelsEstimate {
  readonly distortion: number;
  readonly elbo: number;
  readonly bitsPerDim: number;
  /** Over images. */
  readonly bitsPerDimStandardError: number;
  /** How many levels there are, where they are not 256. */
  readonly levels?: number;
}

/**
 * The common scale of densities and of probabilities: what the model gives to the bytes, whatever x it makes of them.
 * `P(v|z)` is the probability of the interval of x that stands for v, a difference of the distribution function; for
 * pixels with dequantisation noise that is the sharper side of
 *
 *     log P(v|z) = log ∫_v p(x|z) dx ≥ E_u[log p((v + u)/256 | z)] − log 256     (Theis et al. 2016, eq. 3)
 *
 * Computed in float64 on the host with the first z of `estimateElbo`, as it takes long. Its result gives the rate, and by how
 * much log p(x|z) is lower on average over all z: log P(v|z) is taken to be that much lower too, which is right on average
 * and leaves only the noise of their difference. Undefined where the pixels do not tell 256 bytes apart.
 */
export async function estimateLevels(
  runner: Runner & { model: Model & { likelihood: Density } },
  set: Split,
  coding: PixelCoding,
  { rate, distortion, perImage, perImageRate, aboveFirstDraw }: ElboEstimate,
): Promise<LevelsEstimate | undefined> {
  const { target } = runner.model;
  const white = whiteOf(target);
  const intervals = byteIntervals(coding, white);
  if (!intervals) return undefined;
  const D = fieldSize(target);
  const levelsOf = (distortion: number, perImage: Float64Array) => {
    const elbo = -(distortion + rate);
    const bitsPerDimStandardError = bitsPerDim(-estimateOf(perImage).standardError, D);
    const levels = white === 255 ? {} : { levels: white + 1 };
    return { distortion, elbo, bitsPerDim: bitsPerDim(elbo, D), bitsPerDimStandardError, ...levels };
  };
  const { likelihood } = runner.model;
  const distributionOf = await likelihood.onHost();
  const P = likelihood.paramChannels;
  const isOnBytes = distributionOf(new Float64Array(P)).values?.length === white + 1;
  if (isOnBytes) return levelsOf(distortion, perImage);
  const { lower, upper } = intervals;
  const bytes = columnOf(set, target);
  const distortions = aboveFirstDraw.slice();
  const turn = turnsOf(runner);
  const passes = evaluatePasses(runner, set, coding, decodedPass);
  for await (const { start, count, values } of passes) {
    const decoded = values[0]!;
    for (let image = 0; image < count; image++) {
      for (let i = image * D; i < (image + 1) * D; i++) {
        const byte = bytes[start * D + i]!;
        const pixel = distributionOf(decoded.subarray(i * P, (i + 1) * P));
        distortions[start + image]! -= pixel.logIntervalProb(lower[byte]!, upper[byte]!);
      }
      await turn();
    }
  }
  return levelsOf(
    meanOf(distortions),
    distortions.map((value, i) => value + perImageRate[i]!),
  );
}
