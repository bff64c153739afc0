import type { WeightSpec } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import type { LayerActivation } from "./activations.ts";
import { dense } from "./dense.ts";
import { glorotUniform } from "./initializers.ts";
import type { Network } from "./network.ts";

/** Layers one after the other. Each is a network with weights of its own, `layer.kernel` and `layer.bias`. */
export const sequential = <In extends tf.Tensor, Out extends tf.Tensor>(
  layers: readonly Network[],
): Network<In, Out> => ({
  weights: layers.flatMap((layer) => layer.weights),
  kept: layers.reduce((sum, { kept }) => sum + kept, 0),
  apply: (weights, input) =>
    layers.reduce<tf.Tensor>((h, layer) => layer.apply(weights, h), input) as tf.Tensor as Out,
});

/** f(x·W + b), [B, from] -> [B, to]; linear unless an activation is given. */
export const denseLayer = (
  name: string,
  [from, to]: Widths,
  activation: LayerActivation = "linear",
  initialBias?: Float32Array,
): Network<tf.Tensor2D, tf.Tensor2D> => {
  const kernel = kernelSpec(name, [from, to], { fanIn: from, fanOut: to });
  const bias = biasSpec(name, [to], initialBias);
  return {
    weights: [kernel, bias],
    kept: to,
    apply: (weights, x) =>
      dense(x, weights[kernel.name] as tf.Tensor2D, weights[bias.name] as tf.Tensor1D, activation),
  };
};

/** The same with all its weights 0 at first: what it gives are zeros, which then are learned. */
const startingAtZero = (layer: Network): Network => ({
  ...layer,
  weights: layer.weights.map((spec) => ({
    ...spec,
    initial: () => new Float32Array(tf.util.sizeFromShape([...spec.shape])),
  })),
});

/** Hidden layers of tanh and a linear one that gives zeros at first: what it adds to is then as it was. */
export const startingAsNothing = (
  widths: readonly number[],
  outputs: number,
): Network<tf.Tensor2D, tf.Tensor2D> =>
  sequential([
    ...pairs(widths).map((pair, i) => denseLayer(`hidden${i}`, pair, "tanh")),
    startingAtZero(denseLayer("output", [widths.at(-1)!, outputs])),
  ]);

/** Each example in another shape: [B, …] -> [B, …shape]. */
export const reshapeLayer = (...shape: number[]): Network => ({
  weights: [],
  kept: 0, // the same numbers
  apply: (_, x) => tf.reshape(x, [-1, ...shape]),
});

export const kernelSpec = (
  layer: string,
  shape: readonly number[],
  { fanIn, fanOut }: { fanIn: number; fanOut: number },
): WeightSpec => ({
  name: `${layer}.kernel`,
  shape,
  initial: (random) => glorotUniform(random.fork(layer), tf.util.sizeFromShape([...shape]), fanIn, fanOut),
});

/** Zeros unless it is said where to start. */
export const biasSpec = (layer: string, shape: readonly number[], initial?: Float32Array): WeightSpec => ({
  name: `${layer}.bias`,
  shape,
  initial: () => initial ?? new Float32Array(tf.util.sizeFromShape([...shape])),
});

/** How many numbers, or channels, a layer takes and gives. */
export type Widths = readonly [from: number, to: number];

/** Neighbours: `[a, b, c]` -> `[[a, b], [b, c]]`. */
export const pairs = (widths: readonly number[]): Widths[] =>
  widths.slice(1).map((to, i) => [widths[i]!, to]);
