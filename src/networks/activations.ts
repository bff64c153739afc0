import { z } from "zod";
import { fusedKernel } from "../fusedKernel.ts";
import * as tf from "../tf.ts";

/** dy where x > 0: TensorFlow.js's own gradient of relu, as one kernel where there is one. */
tf.registerGradient({
  kernelName: tf.Relu,
  inputsToSave: ["x"],
  gradFunc(dy, saved) {
    const [slope, x] = [dy as tf.Tensor, saved[0]!];
    const composed = () => tf.mul(slope, tf.cast(tf.step(x), "float32"));
    return { x: () => fusedKernel("ReluGrad", { dy: slope, x }, composed) };
  },
});

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
