import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import { rowsFor } from "../../tensors/deviceMath.ts";
import { createWeights } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import { startingAsNothing } from "../networks/layers.ts";
import { weightsIn } from "../networks/size.ts";
import { type DiagonalGaussian, diagonalGaussian } from "./diagonalGaussian.ts";
import type { Prior, PriorFamily, PriorGiven } from "./distribution.ts";
import { REAL_LINE } from "./normal.ts";

/** N(mean(y), diag exp(logVar(y))). */
export interface ConditionalGaussian extends Prior {
  readonly kind: "conditionalGaussian";
  /** Of `rows` rows of z, a whole number of times as many as there are y: [rows, d] each. */
  paramsFor(rows: number): DiagonalGaussian["params"];
}

const schema = z
  .strictObject({
    kind: z.literal("conditionalGaussian"),
    hidden: z
      .array(z.int().positive())
      .max(100)
      .default([64])
      .meta({ description: "widths of the hidden layers of the prior's network" }),
  })
  .describe("independent normal latents with mean and deviation from y, which needs a condition");

/**
 * p(z|y) = N(m(y), diag s²(y)), both from the features of y by a network (Sohn, Lee and Yan 2015, "Learning structured
 * output representation using deep conditional generative models", eq. 4). It starts as N(0, I).
 */
export const conditionalGaussian: PriorFamily<typeof schema, PriorGiven> = {
  schema,
  size(config, { latentDim, features = 0 }) {
    const network = networkOf(config, features, latentDim);
    return { weights: weightsIn([network]), kept: network.kept };
  },
  create(config, { latentDim, features, createVariable, random }): PriorGiven {
    if (features === undefined) {
      throw new VaeError(
        "usage",
        "model.prior.kind is conditionalGaussian, p(z|y), and there is no y: condition.kind says what x is conditioned on. " +
          "Without a condition, model.prior.kind is standardNormal, gaussianMixture, vamp or couplingFlow.",
      );
    }
    const network = networkOf(config, features, latentDim);
    const weights = createWeights(network.weights, random, createVariable);
    return { kind: "conditionalGaussian", given: (y) => ofParams(network.apply(weights, y)) };
  },
};

/** [B, 2·d], means and log-variances of B y. */
function ofParams(params: tf.Tensor2D): ConditionalGaussian {
  const paramsFor = (rows: number) => {
    const [mean, logVar] = tf.split(rowsFor(params, rows), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return { mean, logVar };
  };
  const densityOf = (rows: number) => {
    const { mean, logVar } = paramsFor(rows);
    return diagonalGaussian(mean, logVar);
  };
  return {
    kind: "conditionalGaussian",
    support: REAL_LINE,
    paramsFor,
    logProb: (z) => densityOf(z.shape[0]).logProb(z),
    mean: () => paramsFor(params.shape[0]).mean,
    sample(count, random) {
      const q = densityOf(count);
      const latentDim = params.shape[1] / 2;
      return q.rsample(tf.tensor2d(random.normals(count * latentDim), [count, latentDim]));
    },
  };
}

const networkOf = ({ hidden }: z.infer<typeof schema>, features: number, latentDim: number) =>
  startingAsNothing([features, ...hidden], 2 * latentDim);
