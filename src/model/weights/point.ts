import { z } from "zod";
import { HALF_LOG_TWO_PI } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { dense } from "../networks/dense.ts";
import { meanSpecs, meansOf } from "./gaussianWeights.ts";
import { defineWeightPosterior, stacked } from "./layer.ts";

/**
 * One value for each weight, that of maximum a posteriori. Its rate is −log p(w) = Σ w²/2s² + Σ (log s + ½ log 2π): weight decay,
 * with the constant that decay leaves out.
 */
export const point = defineWeightPosterior({
  schema: z
    .strictObject({ kind: z.literal("point") })
    .describe("a single value for each weight (maximum a posteriori): the rate is weight decay"),
  layer: (_config, options) => {
    const { name } = options;
    return {
      specs: meanSpecs(options),
      noise: [],
      apply(x, { weights }) {
        const { kernel, bias } = meansOf(name, weights);
        return dense(x, kernel, bias);
      },
      rate(weights, prior) {
        const { kernel, bias } = meansOf(name, weights);
        return tf.add(minusLogPrior(kernel, prior.kernel), minusLogPrior(bias, prior.bias));
      },
      moments(weights) {
        const { kernel, bias } = meansOf(name, weights);
        return { mean: stacked(kernel, bias) };
      },
    };
  },
});

const minusLogPrior = (w: tf.Tensor, logScale: tf.Scalar): tf.Scalar =>
  tf.add(
    tf.mul(tf.sum(tf.square(w)), tf.mul(tf.exp(tf.mul(logScale, -2)), 0.5)),
    tf.mul(tf.add(logScale, HALF_LOG_TWO_PI), w.size),
  );
