import { fusedKernel } from "./fusedKernel.ts";
import * as tf from "./tf.ts";

/** dy where x > 0: TensorFlow.js's own gradient of relu, as one kernel where there is one. */
const relu: tf.GradConfig = {
  kernelName: tf.Relu,
  inputsToSave: ["x"],
  gradFunc(gradient, saved) {
    const [dy, x] = [gradient as tf.Tensor, saved[0]!];
    const composed = () => tf.mul(dy, tf.cast(tf.step(x), "float32"));
    return { x: () => fusedKernel("ReluGrad", { dy, x }, composed) };
  },
};

/** Of a matrix product with a bias: without products that nobody asks for, and on matrices instead of batches of one. */
const fusedMatMul: tf.GradConfig = {
  kernelName: tf._FusedMatMul,
  inputsToSave: ["a", "b"],
  gradFunc(gradient, saved) {
    const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
    const dy = gradient as tf.Tensor2D;
    return {
      a: () => tf.matMul(dy, b, false, true),
      b: () => tf.matMul(a, dy, true, false),
      bias: () => tf.sum(dy, 0),
    };
  },
};

/** y = f(x·kernel + bias), where that is one kernel; f's derivative is taken from y. */
const dense: tf.GradConfig = {
  kernelName: "Dense",
  inputsToSave: ["x", "kernel"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, kernel, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    const [dKernel, dBias] = both("DenseWeightsGrad", { x, y, dy }, attrs);
    return {
      x: () => tf.engine().runKernel<tf.Tensor>("DenseInputGrad", { dy, y, kernel }, attrs),
      kernel: () => dKernel,
      bias: () => dBias,
    };
  },
};

/** y = f(x ∗ filter + bias), likewise. */
const conv: tf.GradConfig = {
  kernelName: "Conv",
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, filter, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    const [dFilter, dBias] = both("ConvWeightsGrad", { x, y, dy }, attrs);
    return {
      x: () => tf.engine().runKernel<tf.Tensor>("ConvInputGrad", { dy, y, filter }, attrs),
      filter: () => dFilter,
      bias: () => dBias,
    };
  },
};

/** The transposed convolution, likewise. */
const convTransposed: tf.GradConfig = {
  kernelName: "ConvTransposed",
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, filter, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    const run = (name: string, inputs: Record<string, tf.Tensor>) =>
      tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
    return {
      x: () => run("ConvTransposedInputGrad", { dy, y, filter }),
      filter: () => run("ConvTransposedFilterGrad", { x, y, dy }),
      bias: () => run("ConvTransposedBiasGrad", { y, dy }),
    };
  },
};

/** Two gradients of one kernel. Not for one of the functions that give gradients, which frees what it does not return. */
const both = (name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel<tf.Tensor[]>(name, inputs, attrs) as [tf.Tensor, tf.Tensor];

/** Puts our gradients beside the package's, or in their place. Every backend's start does it; again, it changes nothing. */
export function registerGradients(): void {
  for (const gradient of [relu, fusedMatMul, dense, conv, convTransposed]) tf.registerGradient(gradient);
}
