import { z } from "zod";
import { held } from "../../tensors/deviceMath.ts";
import { HALF_LOG_TWO_PI } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import type { Posterior, PosteriorFamily } from "./distribution.ts";
import { logStandardNormal, REAL_LINE } from "./normal.ts";

/** N(mean, diag exp(logVar)) for each row, both [N, d]. */
export interface DiagonalGaussian extends Posterior {
  readonly kind: "diagonalGaussian";
  readonly params: { readonly mean: tf.Tensor2D; readonly logVar: tf.Tensor2D };
}

/** Kingma and Welling 2014, "Auto-Encoding Variational Bayes", appendix C. */
export function diagonalGaussian(mean: tf.Tensor2D, logVar: tf.Tensor2D): DiagonalGaussian {
  const rsample = (noise: tf.Tensor2D): tf.Tensor2D =>
    tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logVar, 0.5))));
  /** Σ_d log N(t; 0, 1) − ½ logVar, at t = (z − mean)/σ. */
  const logProbAt = (t: tf.Tensor2D): tf.Tensor1D =>
    tf.sum(tf.sub(logStandardNormal(t), tf.mul(logVar, 0.5)), 1);
  return {
    kind: "diagonalGaussian",
    support: REAL_LINE,
    params: { mean, logVar },
    mean: () => mean,
    rsample,
    logProb: (z) => logProbAt(tf.mul(tf.sub(z, mean), tf.exp(tf.mul(logVar, -0.5)))),
    sampleAndLogProb: (noise) => ({ z: rsample(noise), logProb: logProbAt(noise) }),
    pairwiseLogProb: (z) => pairwiseLogProb(z, mean, logVar),
  };
}

/**
 * −½ Σ_d (z − m)²/s² − Σ_d log s − ½ d log 2π for each z, [M, d], with each m and log s², [N, d] -> [M, N].
 *
 * The square multiplied out, so that two matrix products do it, where M·N·d differences would take ten times as long. They
 * cancel: a float32 has an error of some 1e-7 · Σ_d z²/s² nats.
 */
function pairwiseLogProb(z: tf.Tensor2D, mean: tf.Tensor2D, logVar: tf.Tensor2D): tf.Tensor2D {
  const precision = tf.exp(tf.neg(logVar)); // [N, d]
  const scaled = tf.mul(mean, precision);
  const ofZ = tf.sub(
    tf.matMul(z, scaled, false, true),
    tf.mul(tf.matMul(tf.square(z), precision, false, true), 0.5),
  );
  const ofEach = tf.sum(tf.add(tf.add(tf.mul(mean, scaled), logVar), 2 * HALF_LOG_TWO_PI), 1); // [N]
  return tf.sub(ofZ, tf.mul(ofEach, 0.5));
}

const schema = z.strictObject({ kind: z.literal("diagonalGaussian") }).describe("independent normal latents");

/** q(z|x) = N(mean, diag exp(logVar)), both from the encoder. */
export const diagonalGaussianPosterior: PosteriorFamily<typeof schema> = {
  schema,
  paramCount: (_config, latentDim) => 2 * latentDim,
  of(_config, encoded) {
    const [mean, logVar] = tf.split(encoded, 2, 1) as [tf.Tensor2D, tf.Tensor2D]; // [N, 2·d] -> 2 × [N, d]
    return diagonalGaussian(mean, logVar);
  },
  held({ params }) {
    const { mean, logVar } = params as DiagonalGaussian["params"];
    return diagonalGaussian(held(mean), held(logVar));
  },
};
