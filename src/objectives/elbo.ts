import { z } from "zod";
import * as tf from "../tensors/tf.ts";
import { type ObjectiveFamily, overSamples } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({
    kind: z.literal("elbo"),
    samples: samplesSetting.default(1),
    beta: z
      .number()
      .min(0)
      .default(1)
      .meta({ description: "weight β of the rate in the loss; 1 is the evidence lower bound", flag: "beta" }),
    warmup: z.number().min(0).default(0).meta({
      description: "epochs over which β rises linearly from 0; 0 turns it off",
      flag: "beta-warmup",
    }),
  })
  .describe("evidence lower bound with weight β");

/**
 * loss = distortion + β · rate, distortion = E_q[−log p(x|z)], rate = KL(q(z|x) ‖ p(z)), both means over K samples.
 *
 * At β = 1 it is −ELBO (Kingma and Welling 2014, eq. 3); other β as in Higgins et al. 2017, "beta-VAE", eq. 4.
 */
export const elbo: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples, beta, warmup }) => ({
    kind: "elbo",
    samples,
    quantities: [distortion, rate],
    controls: {
      beta: {
        symbol: "β",
        at(step, stepsPerEpoch) {
          const steps = warmup * stepsPerEpoch;
          return step < steps ? (beta * step) / steps : beta;
        },
        final: beta,
        words: warmup > 0 ? `0 → ${beta} over ${warmup} epochs` : String(beta),
      },
    },
    loss: [{ quantity: "distortion" }, { quantity: "rate", times: "beta" }],
    ...(beta === 1 && { bound: "−ELBO" }),
    perExample: (terms) => [overSamples(terms, tf.neg(terms.logLikelihood)), overSamples(terms, terms.rate)],
  }),
};
