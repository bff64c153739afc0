import * as tf from "../../tensors/tf.ts";
import type { ConditionalGaussian } from "./conditionalGaussian.ts";
import type { DiagonalGaussian } from "./diagonalGaussian.ts";
import type { Distribution } from "./distribution.ts";

/**
 * The terms of KL(q ‖ p) in nats for each row and dimension, [N, d], for pairs that have a closed form which is a sum of
 * them, by `q.kind|p.kind`. A pair that is not here is estimated from a draw, see `kl`.
 */
const closedForms: Readonly<Record<string, (q: never, p: never) => tf.Tensor2D>> = {
  // ½ (exp(logVar) + mean² − 1 − logVar); Kingma and Welling 2014, appendix B
  "diagonalGaussian|standardNormal": ({ params: { mean, logVar } }: DiagonalGaussian) =>
    tf.mul(tf.sub(tf.add(tf.exp(logVar), tf.square(mean)), tf.add(logVar, 1)), 0.5),
  // ½ (exp(l_q − l_p) + (m_q − m_p)² / exp(l_p) − 1 − (l_q − l_p)), of the log-variances l
  "diagonalGaussian|conditionalGaussian": ({ params: q }: DiagonalGaussian, p: ConditionalGaussian) => {
    const { mean, logVar } = p.paramsFor(q.mean.shape[0]);
    const logRatio = tf.sub(q.logVar, logVar);
    const distance = tf.mul(tf.square(tf.sub(q.mean, mean)), tf.exp(tf.neg(logVar)));
    return tf.mul(tf.sub(tf.add(tf.exp(logRatio), distance), tf.add(logRatio, 1)), 0.5);
  },
};

/** KL(q ‖ p) as its terms for each dimension, [N, d]; undefined where it has no such closed form. */
export function klPerDimension(
  q: Pick<Distribution, "kind">,
  p: Pick<Distribution, "kind">,
): ((q: Distribution, p: Distribution) => tf.Tensor2D) | undefined {
  return closedForms[`${q.kind}|${p.kind}`] as ReturnType<typeof klPerDimension>;
}

/**
 * KL(q ‖ p) in nats, [N]: the closed form where there is one, otherwise the estimate log q(z) − log p(z) of one draw
 * `z` ~ q, [N, d], which is unbiased.
 */
export function kl(q: Distribution, p: Distribution, z: tf.Tensor2D): tf.Tensor1D {
  const perDimension = klPerDimension(q, p);
  return perDimension ? tf.sum(perDimension(q, p), 1) : sampledKl(q, p, z);
}

/** log q(z) − log p(z) for draws z ~ q, [N, d] -> [N]. */
export const sampledKl = (q: Distribution, p: Distribution, z: tf.Tensor2D): tf.Tensor1D =>
  tf.sub(q.logProb(z), p.logProb(z));
