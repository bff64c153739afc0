import type { ImageSet } from "../data/dataset.ts";
import type { Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import * as tf from "../tf.ts";
import { evaluatePasses, forwardPass } from "./passes.ts";

/** E_q[−log p(x|z)] and KL(q(z|x) ‖ p(z)) over a split, in nats per image, each image counted once. */
export interface ElboEstimate {
  readonly count: number;
  readonly distortion: number;
  readonly rate: number;
  /** The share of the decoder's scales at their lower bound, where they have one (see `Density`). */
  readonly scaleAtFloor?: number;
}

const elboPass = forwardPass(({ logProb, rate, decoded }, { likelihood }) => [
  tf.neg(logProb),
  tf.clone(rate),
  likelihood.scaleAtFloor?.(decoded) ?? tf.scalar(0),
]);

/** Estimates the two terms of the ELBO on a split with one z ~ q(z|x) per image (see `evaluatePasses`). */
export async function estimateElbo(
  vae: Vae,
  set: ImageSet,
  coding: PixelCoding,
  batchSize?: number,
): Promise<ElboEstimate> {
  const { likelihood } = vae;
  let distortion = 0;
  let rate = 0;
  let atFloor = 0;
  for await (const { count, values } of evaluatePasses(vae, set, coding, elboPass, batchSize)) {
    const [distortions, rates, [share]] = values as [Float32Array, Float32Array, Float32Array];
    for (const value of distortions) distortion += value;
    for (const value of rates) rate += value;
    atFloor += count * share!;
  }
  return {
    count: set.count,
    distortion: distortion / set.count,
    rate: rate / set.count,
    ...(likelihood.scaleAtFloor && { scaleAtFloor: atFloor / set.count }),
  };
}
