import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import { dense } from "../networks/dense.ts";
import { gaussianOf, gaussianRate, gaussianSpecs, momentsOf } from "./gaussianWeights.ts";
import { type BayesianLayer, defineWeightPosterior, type LayerOptions } from "./layer.ts";

export const estimatorSchema = z
  .enum(["local", "flipout"])
  .default("local")
  .describe(
    "how weights are drawn for the gradient: `local` draws what they add up to, anew for each row (local " +
      "reparameterisation); `flipout` draws them once for a step and turns their signs from row to row",
  );

/** q(w) = Π N(w; μ, σ²), each weight for itself (Graves 2011, "Practical variational inference for neural networks"). */
export const meanField = defineWeightPosterior({
  schema: z
    .strictObject({ kind: z.literal("meanField"), estimator: estimatorSchema })
    .describe("a Gaussian for each weight, independent of all others"),
  layer: ({ estimator }, options) => meanFieldLayer(options, estimator),
});

export function meanFieldLayer(
  options: LayerOptions,
  estimator: z.infer<typeof estimatorSchema>,
): BayesianLayer {
  const { name } = options;
  return {
    specs: gaussianSpecs(options),
    ...(estimator === "local" ? local(options) : flipout(options)),
    rate: (weights, prior) => gaussianRate(gaussianOf(name, weights), prior),
    moments: (weights) => momentsOf(gaussianOf(name, weights)),
  };
}

/**
 * The sum a = x·W + b of independent normals is normal: a ~ N(x·μ, x²·σ²), for each row on its own. It has the same
 * distribution as with a draw of W, and a gradient of less variance (Kingma, Salimans and Welling 2015, eq. 6).
 */
const local = ({ name, widths: [, to] }: LayerOptions): Pick<BayesianLayer, "noise" | "apply"> => ({
  noise: [{ name: `${name}.noise`, shape: [to], per: "example" }],
  apply(x, { weights, noise }) {
    const { kernel, bias, logKernel, logBias } = gaussianOf(name, weights);
    const variance = dense(
      tf.square(x),
      tf.exp(tf.mul(logKernel, 2)) as tf.Tensor2D,
      tf.exp(tf.mul(logBias, 2)) as tf.Tensor1D,
    );
    return tf.add(dense(x, kernel, bias), tf.mul(tf.sqrt(variance), noise[`${name}.noise`]!));
  },
});

/**
 * a = x·μ + ((x∘s)·(σ∘ε))∘r with one ε for all rows of a sample and signs s, r of each row: every row has a draw of q, and
 * those of different rows are uncorrelated (Wen et al. 2018, "Flipout", eq. 4).
 */
const flipout = ({ name, widths: [from, to] }: LayerOptions): Pick<BayesianLayer, "noise" | "apply"> => ({
  noise: [
    { name: `${name}.signsIn`, shape: [from], per: "example" },
    { name: `${name}.signsOut`, shape: [to], per: "example" },
    { name: `${name}.weights`, shape: [from + 1, to], per: "step" },
  ],
  apply(x, { weights, noise, samples }) {
    const { kernel, bias, logKernel, logBias } = gaussianOf(name, weights);
    const signs = (of: string) => tf.sign(noise[`${name}.${of}`]!);
    const drawn = noise[`${name}.weights`] as tf.Tensor3D;
    const kernels = tf.mul(tf.exp(logKernel), tf.slice(drawn, [0, 0, 0], [samples, from, to]));
    const biases = tf.mul(tf.exp(logBias), tf.slice(drawn, [0, from, 0], [samples, 1, to]));
    const rows = x.shape[0] / samples;
    const turned = tf.reshape(tf.mul(x, signs("signsIn")), [samples, rows, from]);
    const sums = tf.reshape(tf.add(tf.matMul(turned, kernels), biases), [x.shape[0], to]);
    return tf.add(dense(x, kernel, bias), tf.mul(sums, signs("signsOut")));
  },
});
