import * as tf from "../../tensors/tf.ts";
import type { DiagonalGaussian } from "./diagonalGaussian.ts";
import type { Distribution } from "./distribution.ts";

/**
 * KL(q ‖ p) in nats for each row, for pairs that have a closed form, by `q.kind|p.kind`. A pair that is not here is
 * estimated from a draw, see `kl`.
 */
const closedForms: Readonly<Record<string, (q: never, p: never) => tf.Tensor1D>> = {
  // ½ Σ_d exp(logVar) + mean² − 1 − logVar; Kingma and Welling 2014, appendix B
  "diagonalGaussian|standardNormal": ({ params: { mean, logVar } }: DiagonalGaussian) =>
    tf.mul(tf.sum(tf.sub(tf.add(tf.exp(logVar), tf.square(mean)), tf.add(logVar, 1)), 1), 0.5),
};

/** Whether KL(q ‖ p) has one, by the kinds of the two. */
export const hasClosedForm = (q: Pick<Distribution, "kind">, p: Pick<Distribution, "kind">): boolean =>
  `${q.kind}|${p.kind}` in closedForms;

/**
 * KL(q ‖ p) in nats, [N]: the closed form where there is one, otherwise the estimate log q(z) − log p(z) of one draw
 * `z` ~ q, [N, d], which is unbiased.
 */
export function kl(q: Distribution, p: Distribution, z: tf.Tensor2D): tf.Tensor1D {
  const closedForm = closedForms[`${q.kind}|${p.kind}`] as
    | ((q: Distribution, p: Distribution) => tf.Tensor1D)
    | undefined;
  return closedForm ? closedForm(q, p) : sampledKl(q, p, z);
}

/** log q(z) − log p(z) for draws z ~ q, [N, d] -> [N]. */
export const sampledKl = (q: Distribution, p: Distribution, z: tf.Tensor2D): tf.Tensor1D =>
  tf.sub(q.logProb(z), p.logProb(z));
