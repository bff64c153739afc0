import { z } from "zod";
import type { Terms } from "../model/model.ts";
import { logSumExp } from "../tensors/deviceMath.ts";
import * as tf from "../tensors/tf.ts";
import { elboParts, type Objective, type ObjectiveFamily, type Quantity } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({ kind: z.literal("iwae"), samples: samplesSetting.default(5) })
  .describe("importance-weighted bound");

const importanceBound = (K: number): Quantity => ({
  name: "importanceBound",
  title: "Importance-weighted bound",
  formula: `−E[log Σ{sub|k} w{sub|k} / K], K = ${K}`,
  isPartOfElbo: false,
});

/** log w of each sample, [K·B], in rows of examples, [B, K]. */
export const ofExamples = ({ samples, count }: Terms, logWeights: tf.Tensor1D): tf.Tensor2D =>
  tf.transpose(tf.reshape(logWeights, [samples, count]));

/** −log (1/K) Σ_k w_k, [B, K] -> [B]. */
export const minusLogMean = (logWeights: tf.Tensor2D): tf.Tensor1D =>
  tf.sub(Math.log(logWeights.shape[1]), logSumExp(logWeights));

/**
 * loss = −L_K, L_K = E[log (1/K) Σ_k w_k], w_k = p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x): between the ELBO and log p(x),
 * and tighter the more samples there are (Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", eq. 8).
 *
 * L₁ is the ELBO, and is computed as that: the rate by its closed form, where there is one.
 */
export const iwae: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples }) => importanceWeighted(samples),
};

/** −L_K by the gradient of its value. */
export function importanceWeighted(samples: number): Objective {
  const common = { kind: "iwae", samples, controls: {} };
  if (samples === 1) {
    return {
      ...common,
      quantities: [distortion, rate],
      loss: [{ quantity: "distortion" }, { quantity: "rate" }],
      bound: "= −ELBO",
      meaning:
        "With one sample the importance-weighted bound is the ELBO, a bound on log p(x), and is computed as that.",
      perExample: elboParts,
    };
  }
  const bound = importanceBound(samples);
  return {
    ...common,
    quantities: [bound, distortion, rate],
    loss: [{ quantity: bound.name }],
    bound: "≥ −log p(x)",
    meaning:
      `Its expectation lies between −log p(x) and −ELBO, and nearer to −log p(x) the more samples there are: a bound, tighter than ` +
      `the ELBO, here with K = ${samples}.`,
    perExample(terms) {
      const logWeights = tf.add<tf.Tensor1D>(terms.logLikelihood, terms.logPriorRatio());
      return [minusLogMean(ofExamples(terms, logWeights)), ...elboParts(terms)];
    },
  };
}
