import { z } from "zod";
import type { WeightSpec } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import { kernelSpec } from "../networks/layers.ts";
import { constantSpec, initialLogDeviation, klTo } from "./gaussianWeights.ts";
import { type BayesianLayer, defineWeightPosterior, type LayerOptions, stacked } from "./layer.ts";

/**
 * q(w) = 1/M Σ_m q_m(w), mean-field Gaussians that start from weights of their own and so come to lie around different optima:
 * an ensemble of networks, each with the uncertainty around it (Lakshminarayanan et al. 2017, "Deep ensembles"; Wilson and Izmailov
 * 2020, "Bayesian deep learning", section 3). The KL is convex in q, so that KL(q ‖ p) ≤ 1/M Σ_m KL(q_m ‖ p): with the mean the bound
 * still is one, looser by at most log M nats of all rows together, and by that where components do not overlap.
 */
export const mixture = defineWeightPosterior({
  schema: z
    .strictObject({
      kind: z.literal("mixture"),
      components: z
        .int()
        .min(2)
        .max(100)
        .default(5)
        .describe("M, the networks that the mixture is of, each with initial weights of its own"),
    })
    .describe("several such Gaussians, each around an optimum of its own: an ensemble"),
  components: ({ components }) => components,
  layer: ({ components }, options) => mixtureLayer(components, options),
});

/** Sample k of a row is of component k mod M, which each layer finds by the place of the sample. */
function mixtureLayer(M: number, { name, widths: [from, to], initialBias }: LayerOptions): BayesianLayer {
  const start = initialLogDeviation(from);
  const biases = initialBias ?? new Float32Array(to);
  const kernel = kernelSpec(name, [M, from, to], { fanIn: from, fanOut: to });
  const bias: WeightSpec = {
    name: `${name}.bias`,
    shape: [M, 1, to],
    initial: () => Float32Array.from({ length: M * to }, (_, i) => biases[i % to]!),
  };
  const logKernel = constantSpec(`${name}.kernelLogDeviation`, kernel.shape, start);
  const logBias = constantSpec(`${name}.biasLogDeviation`, bias.shape, start);
  return {
    specs: [kernel, bias, logKernel, logBias],
    noise: [{ name: `${name}.noise`, shape: [to], per: "example" }],
    apply(x, { weights, noise, samples }) {
      const places = { M, each: samples / M, rows: x.shape[0] / samples };
      const inputs = byComponent(x, places);
      const variances = (of: WeightSpec) => tf.exp(tf.mul(weights[of.name]!, 2)) as tf.Tensor3D;
      const mean = tf.add(tf.matMul(inputs, weights[kernel.name] as tf.Tensor3D), weights[bias.name]!);
      const variance = tf.add(tf.matMul(tf.square(inputs), variances(logKernel)), variances(logBias));
      const epsilon = byComponent(noise[`${name}.noise`] as tf.Tensor2D, places);
      return bySample(tf.add(mean, tf.mul(tf.sqrt(variance), epsilon)), places);
    },
    rate(weights, prior) {
      const ofAll = tf.add(
        klTo(prior.kernel, weights[kernel.name]!, weights[logKernel.name]!),
        klTo(prior.bias, weights[bias.name]!, weights[logBias.name]!),
      );
      return tf.mul(ofAll, 1 / M);
    },
    moments(weights, m) {
      const part = (of: WeightSpec, shape: number[]) =>
        tf.reshape(tf.slice(weights[of.name]!, [m, 0, 0], [1, -1, -1]), shape);
      const together = (kernel: WeightSpec, bias: WeightSpec) =>
        stacked(part(kernel, [from, to]) as tf.Tensor2D, part(bias, [to]) as tf.Tensor1D);
      return { mean: together(kernel, bias), deviation: tf.exp(together(logKernel, logBias)) };
    },
  };
}

/** M components, how many samples each has, and B rows. */
interface Places {
  readonly M: number;
  readonly each: number;
  readonly rows: number;
}

/** [K·B, n], sample by sample, as [M, K/M·B, n]. */
function byComponent(x: tf.Tensor2D, { M, each, rows }: Places): tf.Tensor3D {
  const n = x.shape[1];
  if (each === 1) return tf.reshape(x, [M, rows, n]);
  return tf.reshape(tf.transpose(tf.reshape(x, [each, M, rows, n]), [1, 0, 2, 3]), [M, each * rows, n]);
}

/** And back. */
function bySample(x: tf.Tensor, { M, each, rows }: Places): tf.Tensor2D {
  const n = x.shape[2]!;
  const sorted = each === 1 ? x : tf.transpose(tf.reshape(x, [M, each, rows, n]), [1, 0, 2, 3]);
  return tf.reshape(sorted, [M * each * rows, n]);
}
