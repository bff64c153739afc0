import { z } from "zod";
import type { Terms } from "../model/model.ts";
import { logSumExp } from "../tensors/deviceMath.ts";
import * as tf from "../tensors/tf.ts";
import { type ObjectiveFamily, overSamples, type Quantity } from "./objective.ts";
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

/**
 * loss = −L_K, L_K = E[log (1/K) Σ_k w_k], w_k = p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x): between the ELBO and log p(x),
 * and tighter the more samples there are (Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", eq. 8).
 *
 * L₁ is the ELBO, and is computed as that: the rate by its closed form, where there is one.
 */
export const iwae: ObjectiveFamily<typeof schema> = {
  schema,
  create({ samples }) {
    const parts = (terms: Terms) => [
      overSamples(terms, tf.neg(terms.logLikelihood)),
      overSamples(terms, terms.rate),
    ];
    const common = { kind: "iwae", samples, controls: {} };
    if (samples === 1) {
      const loss = [{ quantity: "distortion" }, { quantity: "rate" }] as const;
      return { ...common, quantities: [distortion, rate], loss, bound: "−ELBO", perExample: parts };
    }
    const bound = importanceBound(samples);
    return {
      ...common,
      quantities: [bound, distortion, rate],
      loss: [{ quantity: bound.name }],
      bound: `a bound on −log p(x) with K = ${samples}`,
      perExample(terms) {
        const logWeights = tf.add(terms.logLikelihood, terms.logPriorRatio());
        const ofExample = tf.transpose(tf.reshape(logWeights, [terms.samples, terms.count])); // [B, K]
        return [tf.sub(Math.log(terms.samples), logSumExp(ofExample)), ...parts(terms)];
      },
    };
  },
};
