import { z } from "zod";
import * as tf from "../../tensors/tf.ts";

const activations = {
  relu: tf.relu,
  elu: tf.elu,
  tanh: tf.tanh,
  softplus: tf.softplus,
} satisfies Record<string, (x: tf.Tensor2D) => tf.Tensor2D>;

export type Activation = keyof typeof activations;

/** What a layer may end with. */
export type LayerActivation = Activation | "linear";

export const activationSchema = z
  .enum(Object.keys(activations) as [Activation, ...Activation[]])
  .default("relu")
  .describe("non-linearity after each hidden layer");

export function activate<T extends tf.Tensor>(kind: LayerActivation, x: T): T {
  return kind === "linear" ? x : (activations[kind](x as tf.Tensor) as T);
}
