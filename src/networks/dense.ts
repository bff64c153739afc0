import { fusedKernel } from "../fusedKernel.ts";
import * as tf from "../tf.ts";
import { activate, type LayerActivation } from "./activations.ts";

/** f(x·W + b), [B, fanIn] · [fanIn, fanOut] + [fanOut] -> [B, fanOut]; linear unless an activation is given. */
export function dense(
  x: tf.Tensor2D,
  kernel: tf.Tensor2D,
  bias: tf.Tensor1D,
  activation: LayerActivation = "linear",
): tf.Tensor2D {
  return fusedKernel("Dense", { x, kernel, bias }, () => activate(activation, affine(x, kernel, bias)), {
    activation,
  });
}

/**
 * x·W + b as one kernel. `tf.fused.matMul` runs the same kernel, but its gradient always computes ∂L/∂x too: of the first
 * layer that is a gradient for the images, which nobody asks for, and a sixth of a training step. It also makes batches
 * of one matrix of its inputs, which the kernels do not need.
 */
function affine(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  const attrs = { transposeA: false, transposeB: false, activation: "linear", leakyreluAlpha: 0 };
  return tf.engine().runKernel<tf.Tensor2D>(tf._FusedMatMul, { a: x, b: kernel, bias }, attrs);
}

tf.registerGradient({
  kernelName: tf._FusedMatMul,
  inputsToSave: ["a", "b"],
  gradFunc(dy, saved) {
    const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
    const gradient = dy as tf.Tensor2D;
    return {
      a: () => tf.matMul(gradient, b, false, true),
      b: () => tf.matMul(a, gradient, true, false),
      bias: () => tf.sum(gradient, 0),
    };
  },
});

tf.registerGradient({
  kernelName: "Dense",
  inputsToSave: ["x", "kernel"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, kernel, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    const run = <T extends tf.Tensor | tf.Tensor[]>(name: string, inputs: Record<string, tf.Tensor>) =>
      tf.engine().runKernel<T>(name, inputs, attrs);
    // Here and not in one of the functions, which would free what the other one needs.
    const [dKernel, dBias] = run<tf.Tensor[]>("DenseWeightsGrad", { x, y, dy }) as [tf.Tensor, tf.Tensor];
    return {
      x: () => run<tf.Tensor>("DenseInputGrad", { dy, y, kernel }),
      kernel: () => dKernel,
      bias: () => dBias,
    };
  },
});
