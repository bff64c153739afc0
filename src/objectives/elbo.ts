import { z } from "zod";
import * as tf from "../tf.ts";
import type { ObjectiveFamily } from "./objective.ts";

const schema = z
  .strictObject({
    kind: z.literal("elbo"),
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
 * loss = distortion + β · rate, distortion = E_q[−log p(x|z)], rate = KL(q(z|x) ‖ p(z)).
 *
 * At β = 1 it is −ELBO (Kingma and Welling 2014, eq. 3); other β as in Higgins et al. 2017, "beta-VAE", eq. 4.
 */
export const elbo: ObjectiveFamily<typeof schema> = {
  schema,
  create: () => ({
    terms(vae, x, noise) {
      const { logProb, rate } = vae.forward(x, noise);
      return { distortion: tf.neg(logProb), rate };
    },
    loss: (distortion, rate, beta) => tf.add(distortion, tf.mul(beta, rate)),
  }),
};
