import { z } from "zod";
import type { WeightSpec } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import { dense } from "../networks/dense.ts";
import { initialLogDeviation, meanSpecs, meansOf } from "./gaussianWeights.ts";
import { type BayesianLayer, defineWeightPosterior, type LayerOptions, stacked } from "./layer.ts";
import { estimatorSchema, meanFieldLayer } from "./meanField.ts";

/** Full covariance for the last layer, N(μ, L Lᵀ); those before it as in `meanField`. Without a hidden layer it is exact. */
export const fullLastLayer = defineWeightPosterior({
  schema: z
    .strictObject({ kind: z.literal("fullLastLayer"), estimator: estimatorSchema })
    .describe("a Gaussian with full covariance for the last layer's weights, independent ones before it"),
  layer: ({ estimator }, options, isLast) =>
    isLast ? fullLayer(options) : meanFieldLayer(options, estimator),
});

/**
 * w = μ + L ε of all n = (from + 1) · to weights, a draw for each row. L = D (I + B) is lower triangular: D = diag(exp(logDiagonal)), and
 * B below the diagonal, relative to it, so that a step of the optimiser is as large for narrow posteriors as for wide ones.
 * KL(N(μ, L Lᵀ) ‖ N(0, S)) = ½ (Σ L_ij²/s_i² + Σ μ_i²/s_i² − n + Σ log s_i²) − Σ log L_ii.
 */
function fullLayer(options: LayerOptions): BayesianLayer {
  const { name, widths } = options;
  const [from, to] = widths;
  const n = (from + 1) * to;
  const diagonal = `${name}.logDiagonal`;
  const below = `${name}.relativeBelow`;
  const start = initialLogDeviation(from);
  const specs: WeightSpec[] = [
    { name: diagonal, shape: [n], initial: () => new Float32Array(n).fill(start) },
    { name: below, shape: [n, n], initial: () => new Float32Array(n * n) },
  ];
  /** L, [n, n]. */
  const factor = (weights: Readonly<Record<string, tf.Tensor>>) => {
    const strictly = tf.mul(weights[below]!, tf.tensor2d(belowDiagonal(n), [n, n]));
    const relative = tf.add(strictly, tf.tensor2d(identity(n), [n, n]));
    return tf.mul(tf.expandDims(tf.exp(weights[diagonal]!), 1), relative) as tf.Tensor2D;
  };
  return {
    specs: [...meanSpecs(options), ...specs],
    noise: [{ name: `${name}.noise`, shape: [n], per: "example" }],
    apply(x, { weights, noise }) {
      const { kernel, bias } = meansOf(name, weights);
      const rows = x.shape[0];
      const epsilon = noise[`${name}.noise`] as tf.Tensor2D;
      const moved = tf.reshape(tf.matMul(epsilon, factor(weights), false, true), [rows, from + 1, to]);
      const inputs = tf.expandDims(tf.concat([x, tf.ones([rows, 1])], 1), 2);
      return tf.add(dense(x, kernel, bias), tf.sum(tf.mul(inputs, moved), 1));
    },
    rate(weights, prior) {
      const { kernel, bias } = meansOf(name, weights);
      const logScales = tf.concat([
        tf.mul(tf.ones([from * to]), prior.kernel),
        tf.mul(tf.ones([to]), prior.bias),
      ]) as tf.Tensor1D;
      const precision = tf.exp(tf.mul(logScales, -2)); // 1/s², [n]
      const squares = tf.add(
        tf.sum(tf.square(factor(weights)), 1),
        tf.square(tf.reshape(stacked(kernel, bias), [n])),
      );
      const logs = tf.sub(tf.sum(logScales), tf.sum(weights[diagonal]!));
      return tf.add(tf.mul(tf.sum(tf.mul(squares, precision)), 0.5), tf.sub(logs, n / 2)) as tf.Scalar;
    },
    moments(weights) {
      const { kernel, bias } = meansOf(name, weights);
      const L = factor(weights);
      const covariance: tf.Tensor2D = tf.matMul(L, L, false, true);
      const deviation = tf.sqrt(tf.sum(tf.square(L), 1));
      return { mean: stacked(kernel, bias), deviation: tf.reshape(deviation, [from + 1, to]), covariance };
    },
  };
}

/** 1 strictly below the diagonal, 0 elsewhere, [n, n]. */
function belowDiagonal(n: number): Float32Array {
  const mask = new Float32Array(n * n);
  for (let i = 0; i < n; i++) mask.fill(1, i * n, i * n + i);
  return mask;
}

/** [n, n] */
function identity(n: number): Float32Array {
  const matrix = new Float32Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}
