import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import { crossEntropies, initialLogits, minusCrossEntropy } from "./bernoulli.ts";
import { defineLikelihood } from "./likelihood.ts";

/**
 * `loss = w_CE · Σ BCE(x, p) + w_MSE · Σ (x − p)²` with p = sigmoid(l) and x in [0, 1].
 *
 * Not a likelihood: ∫ exp(−loss) dx depends on p, and the loss does not account for it. It is here because VAEs are
 * often trained so; with `mseWeight: 0` it is cross-entropy on grey pixels.
 */
export const hybrid = defineLikelihood({
  schema: z.strictObject({
    kind: z.literal("hybrid"),
    ceWeight: z
      .number()
      .min(0)
      .default(1)
      .meta({ description: "weight of the binary cross-entropy, summed over pixels" }),
    mseWeight: z
      .number()
      .min(0)
      .default(1)
      .meta({ description: "weight of the squared error, summed over pixels" }),
  }),
  kindOf: "loss",
  words: {
    summary: "weighted sum of cross-entropy and squared error: a loss, not a likelihood",
    formula: "w₁ BCE(x, p) + w₂ (x − p)²",
    familiar: "BCE + SSE",
  },
  settings: ({ ceWeight, mseWeight }) => `w₁ = ${ceWeight}, w₂ = ${mseWeight}`,
  support: () => ({ set: "any" }),
  initialParams: (_config, averageImage) => initialLogits(averageImage),

  create({ ceWeight, mseWeight }) {
    const mean = (params: tf.Tensor3D) => tf.sigmoid(tf.squeeze<tf.Tensor2D>(params, [2]));
    return {
      kindOf: "loss",
      paramChannels: 1,
      logProb(params, x) {
        const crossEntropy = tf.neg(minusCrossEntropy(tf.squeeze(params, [2]), x));
        const squaredError = tf.sum(tf.square(tf.sub(x, mean(params))), 1);
        return tf.neg(tf.add(tf.mul(crossEntropy, ceWeight), tf.mul(squaredError, mseWeight)));
      },
      terms: (params, x) => ({
        crossEntropy: tf.mul(crossEntropies(tf.squeeze(params, [2]), x), ceWeight),
        squaredError: tf.mul(tf.square(tf.sub(x, mean(params))), mseWeight),
      }),
      mean,
      sample: mean,
    };
  },
});
