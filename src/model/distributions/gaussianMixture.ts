import { z } from "zod";
import { logSumExp } from "../../tensors/deviceMath.ts";
import * as tf from "../../tensors/tf.ts";
import type { Prior, PriorFamily } from "./distribution.ts";
import { logStandardNormal, REAL_LINE } from "./normal.ts";

const schema = z
  .strictObject({
    kind: z.literal("gaussianMixture"),
    components: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .meta({ description: "components of the mixture, each with a mean, a deviation and a weight" }),
  })
  .describe("mixture of Gaussians, learned with the model");

/**
 * p(z) = Σ_c π_c N(z; m_c, diag s_c²), with weights, means and deviations learned like any parameter (Dilokthanakul et
 * al. 2016, "Deep unsupervised clustering with Gaussian mixture VAEs", without its discrete latent). It starts as C
 * components of equal weight and deviation 1 around draws from N(0, I).
 */
export const gaussianMixture: PriorFamily<typeof schema, Prior> = {
  schema,
  size: ({ components: C }, { latentDim }) => ({ weights: C * (1 + 2 * latentDim), kept: C * latentDim }),
  create({ components: C }, { latentDim, createVariable, random }): Prior {
    const variable = (name: string, initial: Float32Array, shape: number[]) =>
      createVariable(name, initial, shape) as tf.Tensor;
    const logits = variable("logits", new Float32Array(C), [C]);
    const means = variable("mean", random.fork("mean").normals(C * latentDim), [C, latentDim]);
    const logStds = variable("logStd", new Float32Array(C * latentDim), [C, latentDim]);
    const weights = () => tf.softmax(logits as tf.Tensor1D);
    return {
      kind: "gaussianMixture",
      support: REAL_LINE,
      logProb(z) {
        const t = tf.mul(tf.sub(tf.expandDims(z, 1), means), tf.exp(tf.neg(logStds))); // [N, C, d]
        const each = tf.sum(tf.sub(logStandardNormal(t), logStds), 2); // [N, C]
        return tf.sub(logSumExp(tf.add(each, logits)), logSumExp(logits));
      },
      mean: () => tf.squeeze(tf.matMul(tf.expandDims(weights(), 0), means as tf.Tensor2D), [0]),
      sample(count, random) {
        const u = tf.tensor2d(random.fork("component").uniforms(count), [count, 1]);
        const passed = tf.step(tf.sub(u, tf.cumsum(weights())));
        const last = C - 1; // rounded, the weights may add up to less than u
        const chosen = tf.cast(tf.minimum(tf.sum(passed, 1), last), "int32") as tf.Tensor1D;
        const of = (parameter: tf.Tensor) => tf.gather(parameter as tf.Tensor2D, chosen); // [C, d] -> [count, d]
        const noise = tf.tensor2d(random.normals(count * latentDim), [count, latentDim]);
        return tf.add(of(means), tf.mul(tf.exp(of(logStds)), noise));
      },
    };
  },
};
