import { z } from "zod";
import * as tf from "../tf.ts";
import type { PosteriorFamily } from "./posterior.ts";

export type DiagonalGaussianParams = { readonly mean: tf.Tensor2D; readonly logVar: tf.Tensor2D };

const LOG_TWO_PI = Math.log(2 * Math.PI);

const schema = z.strictObject({ kind: z.literal("diagonalGaussian") }).describe("independent normal latents");

/** q(z|x) = N(mean, diag exp(logVar)); Kingma and Welling 2014, "Auto-Encoding Variational Bayes", appendix C. */
export const diagonalGaussian: PosteriorFamily<typeof schema, DiagonalGaussianParams> = {
  kind: "diagonalGaussian",
  schema,

  paramCount: (latentDim) => 2 * latentDim,

  params(encoded) {
    const [mean, logVar] = tf.split(encoded, 2, 1) as [tf.Tensor2D, tf.Tensor2D]; // [B, 2·Z] -> 2 × [B, Z]
    return { mean, logVar };
  },

  mean: (q) => q.mean,

  sample: (q, noise) => tf.add(q.mean, tf.mul(noise, tf.exp(tf.mul(q.logVar, 0.5)))),

  // log q(z|x) = −½ Σ_d log 2π + logVar + (z − mean)² exp(−logVar)
  logProb(q, z) {
    const squared = tf.mul(tf.square(tf.sub(z, q.mean)), tf.exp(tf.neg(q.logVar)));
    return tf.mul(tf.sum(tf.add(tf.add(squared, q.logVar), LOG_TWO_PI), 1), -0.5);
  },
};
