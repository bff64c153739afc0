import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { customOp } from "../tensors/deviceMath.ts";
import * as tf from "../tensors/tf.ts";
import { importanceWeighted, minusLogMean, ofExamples } from "./iwae.ts";
import { type Estimator, elboParts, type ObjectiveFamily } from "./objective.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({ kind: z.literal("dreg"), samples: samplesSetting.default(5) })
  .describe("importance-weighted bound with the doubly reparameterised gradient");

/**
 * The loss of `iwae`, −L_K, by another estimate of its gradient, with the same expectation and less variance. With
 * w̃_k = w_k / Σ_j w_j it is −Σ_k w̃_k ∂log w_k/∂θ for decoder and prior, as there, and for the encoder
 *
 *   −Σ_k w̃_k² ∂log w_k/∂z_k ∂z_k/∂φ,
 *
 * where log q(z_k|x) in log w_k depends on φ through z_k alone (Tucker et al. 2019, "Doubly reparameterized gradient
 * estimators for Monte Carlo objectives", eq. 7-8). IWAE's own encoder gradient is overwhelmed by its noise as K grows
 * (Rainforth et al. 2018, "Tighter variational bounds are not necessarily better"); this one is not.
 *
 * With one sample it is the ELBO, as `iwae` is, and its gradient too.
 */
export const dreg: ObjectiveFamily<typeof schema> = {
  schema,
  create({ samples }) {
    const bound = { ...importanceWeighted(samples), kind: "dreg" };
    if (samples === 1) return bound;
    return {
      ...bound,
      meaning: `${bound.meaning} The gradient has the same expectation as iwae's, and for the encoder less variance.`,
      estimator,
      check({ holdsPosterior }) {
        if (holdsPosterior) return;
        throw new VaeError(
          "usage",
          "objective.kind is dreg, whose gradient takes log q(z|x) with q held fixed, and this posterior has no such form. " +
            "objective.kind iwae minimises the same bound with any posterior.",
        );
      },
    };
  },
};

/**
 * Backwards, log w_k comes by with the factor w̃_k, which makes the decoder's gradient. `through` multiplies what goes on
 * to the encoder by w̃_k once more, from what `noted` has seen by then.
 */
function estimator(): Estimator {
  let weights: tf.Tensor; // w̃, [B, K], while the gradient is computed
  const noted = (logWeights: tf.Tensor2D) =>
    customOp(
      logWeights,
      (a) => ({ value: tf.clone(a), saved: [tf.softmax(a)] }),
      (dy, [normalised]) => {
        weights = normalised!;
        return tf.clone(dy);
      },
    );
  return {
    through: (z) =>
      customOp(
        z,
        (z) => ({ value: tf.clone(z), saved: [] }),
        (dz) => tf.mul(dz, tf.reshape(tf.transpose(weights), [-1, 1])), // [B, K] -> [K·B, 1]
      ),
    perExample(terms) {
      const logWeights = tf.add<tf.Tensor1D>(terms.logLikelihood, terms.heldLogPriorRatio!());
      return [minusLogMean(noted(ofExamples(terms, logWeights))), ...elboParts(terms)];
    },
  };
}
