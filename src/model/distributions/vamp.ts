import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import { type Field, fieldSize } from "../../data/field.ts";
import { logSumExp } from "../../tensors/deviceMath.ts";
import * as tf from "../../tensors/tf.ts";
import type { Prior, PriorFamily } from "./distribution.ts";
import { REAL_LINE } from "./normal.ts";

const schema = z
  .strictObject({
    kind: z.literal("vamp"),
    pseudoInputs: z
      .int()
      .min(1)
      .max(100_000)
      .default(500)
      .meta({ description: "learned examples u, whose posteriors q(z|u) make up the prior" }),
  })
  .describe("mixture of the posteriors of learned pseudo-inputs, the VampPrior");

/**
 * p(z) = (1/K) Σ_k q(z|u_k), q the model's own posterior and u_k learned (Tomczak and Welling 2018, "VAE with a VampPrior",
 * eq. 10): the aggregated posterior, which is the prior that maximises the ELBO, with K pseudo-inputs in the place of the
 * training examples. They start from K of these.
 */
export const vamp: PriorFamily<typeof schema, Prior> = {
  schema,
  size: ({ pseudoInputs: K }, { D }) => ({ weights: K * D, kept: K }),
  create({ pseudoInputs: K }, { latentDim, createVariable, x, encode, examples, features }): Prior {
    if (features !== undefined) {
      throw new VaeError(
        "usage",
        "model.prior.kind is vamp, a mixture of posteriors of pseudo-inputs, and with a condition these would need a y of their own. " +
          "It takes standardNormal, gaussianMixture, couplingFlow or conditionalGaussian.",
      );
    }
    const { toRange, fromRange } = rangeOf(x);
    const start = examples(K).map(fromRange);
    const variable = createVariable("pseudoInputs", start, [K, fieldSize(x)]) as tf.Tensor as tf.Tensor2D;
    const components = () => encode(toRange(variable));
    return {
      kind: "vamp",
      support: REAL_LINE,
      logProb: (z) => tf.sub<tf.Tensor1D>(logSumExp(components().pairwiseLogProb(z)), Math.log(K)), // [N, K] -> [N]
      mean: () => tf.mean(components().mean(), 0),
      sample(count, random) {
        const chosen = random
          .fork("component")
          .uniforms(count)
          .map((u) => Math.floor(K * u));
        const inputs = tf.gather(variable, tf.tensor1d(chosen, "int32")); // [K, D] -> [count, D]
        const noise = tf.tensor2d(random.normals(count * latentDim), [count, latentDim]);
        return encode(toRange(inputs)).rsample(noise);
      },
    };
  },
};

/** Keeps what is learned without bounds in the range of x, and the way back for where it starts. */
interface Range {
  toRange(u: tf.Tensor2D): tf.Tensor2D;
  fromRange(x: number): number;
}

const rangeOf = ({ kind }: Field): Range => (kind === "bytes" ? unitInterval : realLine);

/**
 * By the logistic function, where the authors clip: a pixel that is clipped has no gradient and stays where it is. Black
 * and white start this far from the ends, where the gradient is still there.
 */
const MARGIN = 0.02;

const unitInterval: Range = {
  toRange: tf.sigmoid,
  fromRange(x) {
    const p = MARGIN + (1 - 2 * MARGIN) * x;
    return Math.log(p / (1 - p));
  },
};

const realLine: Range = { toRange: (u) => u, fromRange: (x) => x };
