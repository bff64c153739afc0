import type { WeightSpec, Weights } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import { biasSpec, kernelSpec } from "../networks/layers.ts";
import { type LayerOptions, type LayerPrior, stacked } from "./layer.ts";

/** The standard deviation of a weight at the start, over that of the usual draw of it, 1/√from. */
const INITIAL_DEVIATION = 0.1;

/** Means and log-deviations of a layer's weights, each independent of the others. */
export interface GaussianWeights {
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
  readonly logKernel: tf.Tensor2D;
  readonly logBias: tf.Tensor1D;
}

/** The means, which start as the weights of any network do. */
export const meanSpecs = ({
  name,
  widths: [from, to],
  initialBias,
}: LayerOptions): [WeightSpec, WeightSpec] => [
  kernelSpec(name, [from, to], { fanIn: from, fanOut: to }),
  biasSpec(name, [to], initialBias),
];

/** log σ of each weight and bias. */
const deviationSpecs = ({ name, widths: [from, to] }: LayerOptions): [WeightSpec, WeightSpec] => [
  constantSpec(`${name}.kernelLogDeviation`, [from, to], initialLogDeviation(from)),
  constantSpec(`${name}.biasLogDeviation`, [to], initialLogDeviation(from)),
];

export const initialLogDeviation = (from: number) => Math.log(INITIAL_DEVIATION) - 0.5 * Math.log(from);

/** The same number for all at the start. */
export const constantSpec = (name: string, shape: readonly number[], value: number): WeightSpec => ({
  name,
  shape,
  initial: (_: RandomStream) => new Float32Array(tf.util.sizeFromShape([...shape])).fill(value),
});

export const gaussianSpecs = (options: LayerOptions): WeightSpec[] => [
  ...meanSpecs(options),
  ...deviationSpecs(options),
];

export const meansOf = (name: string, weights: Weights): Pick<GaussianWeights, "kernel" | "bias"> => ({
  kernel: weights[`${name}.kernel`] as tf.Tensor2D,
  bias: weights[`${name}.bias`] as tf.Tensor1D,
});

export const gaussianOf = (name: string, weights: Weights): GaussianWeights => ({
  ...meansOf(name, weights),
  logKernel: weights[`${name}.kernelLogDeviation`] as tf.Tensor2D,
  logBias: weights[`${name}.biasLogDeviation`] as tf.Tensor1D,
});

/** KL(N(μ, σ²) ‖ N(0, s²)) = ½ ((σ² + μ²) / s² − 1) − log σ + log s, summed over kernel and biases, in nats. */
export const gaussianRate = (
  { kernel, bias, logKernel, logBias }: GaussianWeights,
  prior: LayerPrior,
): tf.Scalar => tf.add(klTo(prior.kernel, kernel, logKernel), klTo(prior.bias, bias, logBias));

/** KL(N(μ, σ²) ‖ N(0, s²)), summed over all of these weights. */
export function klTo(logScale: tf.Scalar, mean: tf.Tensor, logDeviation: tf.Tensor): tf.Scalar {
  const squares = tf.sum(tf.add(tf.exp(tf.mul(logDeviation, 2)), tf.square(mean)));
  const error = tf.mul(squares, tf.mul(tf.exp(tf.mul(logScale, -2)), 0.5));
  const logs = tf.sub(tf.mul(logScale, mean.size), tf.sum(logDeviation));
  return tf.add(error, tf.sub(logs, mean.size / 2));
}

export const momentsOf = ({ kernel, bias, logKernel, logBias }: GaussianWeights) => ({
  mean: stacked(kernel, bias),
  deviation: tf.exp(stacked(logKernel, logBias)),
});
