import { z } from "zod";
import { customOp } from "../../tensors/deviceMath.ts";
import { fusedKernel } from "../../tensors/fusedKernel.ts";
import { interior, softplus } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import { onLevels } from "./pixelDistribution.ts";

/**
 * `log p(x) = x·l − softplus(l)` with logits l, x ∈ {0, 1}: binary cross-entropy, and a probability only for binary x.
 */
export const bernoulli = defineLikelihood({
  schema: z.strictObject({ kind: z.literal("bernoulli") }),
  kindOf: "density",
  words: {
    summary: "binary cross-entropy as a probability, for binary pixels",
    formula: "x log p + (1 − x) log(1 − p), x ∈ {0, 1}",
    familiar: "binary cross-entropy (BCE)",
  },
  settings: () => "",
  support: () => ({ set: "binary" }),
  initialParams: (_config, averageImage) => initialLogits(averageImage),
  create: () => ({
    kindOf: "density",
    hasScale: false,
    paramChannels: 1,
    logProb: (params, x) => minusCrossEntropy(tf.squeeze(params, [2]), x),
    terms: (params, x) => ({ crossEntropy: crossEntropies(tf.squeeze(params, [2]), x) }),
    mean: (params) => tf.sigmoid(tf.squeeze(params, [2])),
    sample(params, random) {
      const probs = tf.sigmoid(tf.squeeze<tf.Tensor2D>(params, [2]));
      return tf.cast(tf.less(tf.tensor2d(random.uniforms(probs.size), probs.shape), probs), "float32");
    },
    onHost: async () => (params) => onLevels([-softplus(params[0]!), -softplus(-params[0]!)]),
  }),
});

/** Logits whose sigmoid is the average image, [D]. */
export const initialLogits = (averageImage: Float32Array) =>
  averageImage.map((p) => Math.log(interior(p) / (1 - interior(p))));

/** softplus(l) − x·l for each value, [B, D] -> [B, D]. */
export const crossEntropies = (logits: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor2D =>
  tf.sub(tf.softplus(logits), tf.mul(x, logits));

/**
 * Σ_d x·l − softplus(l), [B, D] -> [B]. Its gradient is written out, x − sigmoid(l): differentiating the two terms takes
 * five kernels.
 */
export function minusCrossEntropy(logits: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor1D {
  const fused: typeof fusedKernel = (name, inputs, composed) =>
    logits.shape[1] < 4 ? composed() : fusedKernel(name, inputs, composed); // those take four pixels at a time
  return customOp(
    logits,
    (logits) => ({
      value: fused("LogBernoulli", { logits, x }, () =>
        tf.sum<tf.Tensor1D>(tf.sub(tf.mul(x, logits), tf.softplus(logits)), 1),
      ),
      saved: [logits, x],
    }),
    (dy, saved) => {
      const [logits, x] = saved as [tf.Tensor2D, tf.Tensor2D];
      return fused("LogBernoulliGrad", { dy, logits, x }, () =>
        tf.mul(tf.expandDims(dy, 1), tf.sub(x, tf.sigmoid(logits))),
      );
    },
  );
}
