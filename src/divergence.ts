import type { z } from "zod";
import type { PosteriorFamily, PosteriorParams } from "./posteriors/posterior.ts";
import type { Prior } from "./priors/prior.ts";
import * as tf from "./tf.ts";

/**
 * KL(q(z|x) ‖ p(z)) in nats per image for pairs of families where it has a closed form, by `posterior|prior`.
 * A pair that is not here is estimated from the sample, see `kl`.
 */
const closedForms: Record<string, (q: PosteriorParams) => tf.Tensor1D> = {
  // ½ Σ_d exp(logVar) + mean² − 1 − logVar; Kingma and Welling 2014, appendix B
  "diagonalGaussian|standardNormal": ({ mean, logVar }) =>
    tf.mul(tf.sum(tf.sub(tf.add(tf.exp(logVar!), tf.square(mean!)), tf.add(logVar!, 1)), 1), 0.5),
};

/** A posterior family and a prior, with the kinds that find their closed form. */
export interface DivergencePair {
  readonly posterior: Pick<PosteriorFamily<z.ZodType, PosteriorParams>, "kind" | "logProb">;
  readonly prior: Prior;
  readonly priorKind: string;
}

/**
 * KL(q ‖ p) in nats per image: the closed form where there is one, otherwise the one-sample estimate
 * log q(z|x) − log p(z) at the given `sample` z ~ q, which is unbiased. `q` and `sample` [B, latentDim] -> [B].
 */
export function kl(pair: DivergencePair, q: PosteriorParams, sample: tf.Tensor2D): tf.Tensor1D {
  const closedForm = closedForms[`${pair.posterior.kind}|${pair.priorKind}`];
  return closedForm ? closedForm(q) : sampledKl(pair, q, sample);
}

export function sampledKl(
  { posterior, prior }: DivergencePair,
  q: PosteriorParams,
  sample: tf.Tensor2D,
): tf.Tensor1D {
  return tf.sub(posterior.logProb(q, sample), prior.logProb(sample));
}
