import { z } from "zod";
import * as tf from "../tf.ts";
import { defineLikelihood } from "./likelihood.ts";

/** Keeps the first logits finite where a pixel is always black; the bounds of Burda et al. 2016, released code. */
const clipProbability = (p: number) => Math.min(0.999, Math.max(0.001, p));

/**
 * `log p(x) = x·l − softplus(l)` with logits l, x ∈ {0, 1}: binary cross-entropy, and a probability only for binary x.
 */
export const bernoulli = defineLikelihood({
  schema: z
    .strictObject({ kind: z.literal("bernoulli") })
    .describe("binary cross-entropy as a probability, for binary pixels"),

  formula: () => "log p(x|z) = x l(z) - log(1 + exp l(z)), x in {0, 1}",

  baseMeasure: () => "counting measure on {0, 1}",

  pixels: () => ["binary-dynamic", "binary-static", "binary-threshold"],

  initialParams: (_config, averageImage) =>
    averageImage.map((p) => Math.log(clipProbability(p) / (1 - clipProbability(p)))),

  create: () => ({
    paramChannels: 1,
    logProb: (params, x) => bernoulliLogProb(tf.reshape(params, x.shape), x),
    mean: (params) => tf.sigmoid(tf.squeeze(params, [2])),
    sample(params, random) {
      const probs = tf.sigmoid(tf.squeeze<tf.Tensor2D>(params, [2]));
      return tf.cast(tf.less(tf.tensor2d(random.uniforms(probs.size), probs.shape), probs), "float32");
    },
  }),
});

/**
 * Σ_d x·l − softplus(l), [B, D] -> [B]. Its gradient is written out, x − sigmoid(l), because that is one fast kernel
 * where differentiating the two terms takes five.
 */
function bernoulliLogProb(logits: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor1D {
  const op = tf.customGrad((l, save) => {
    const logits = l as tf.Tensor2D;
    (save as (tensors: tf.Tensor[]) => void)([logits, x]);
    return {
      value: tf.sum(tf.sub(tf.mul(x, logits), tf.softplus(logits)), 1),
      gradFunc: (dy: tf.Tensor, [logits, x]: tf.Tensor[]) =>
        tf.mul(tf.expandDims(dy, 1), tf.sub(x!, tf.sigmoid(logits!))),
    };
  });
  return op(logits) as tf.Tensor1D;
}
