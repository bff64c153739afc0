import { fusedKernel } from "../../tensors/fusedKernel.ts";
import * as tf from "../../tensors/tf.ts";
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
