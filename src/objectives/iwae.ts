import { z } from "zod";
import { logSumExp } from "../tensors/deviceMath.ts";
import * as tf from "../tf.ts";
import { type ObjectiveFamily, overSamples, type Quantity } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({ kind: z.literal("iwae"), samples: samplesSetting.default(5) })
  .describe("importance-weighted bound");

const boundOf = (K: number): Quantity => ({
  name: "importanceBound",
  title: "Importance-weighted bound",
  formula: K === 1 ? "−ELBO" : `−E[log Σ{sub|k} w{sub|k} / K], K = ${K}`,
  isPartOfElbo: false,
});

/**
 * loss = −L_K, L_K = E[log (1/K) Σ_k w_k], w_k = p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x): between the ELBO and log p(x),
 * and tighter the more samples there are (Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", eq. 8).
 *
 * L₁ is the ELBO; for K = 1 the rate is its closed form, where there is one, as there.
 */
export const iwae: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples }) => ({
    kind: "iwae",
    samples,
    quantities: [boundOf(samples), distortion, rate],
    controls: {},
    loss: [{ quantity: boundOf(samples).name }],
    bound: samples === 1 ? "−ELBO" : `a bound on −log p(x) with K = ${samples}`,
    perExample(terms) {
      const parts = [
        overSamples(terms, tf.neg(terms.logLikelihood)),
        overSamples(terms, terms.rate),
      ] as const;
      if (terms.samples === 1) return [tf.add(...parts), ...parts];
      const logWeights = tf.add(terms.logLikelihood, terms.logPriorRatio());
      const ofExample = tf.transpose(tf.reshape(logWeights, [terms.samples, terms.count])); // [B, K]
      return [tf.sub(Math.log(terms.samples), logSumExp(ofExample)), ...parts];
    },
  }),
};
