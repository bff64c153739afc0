import * as tf from "../tf.ts";

/**
 * x·W + b as one kernel, [B, fanIn] · [fanIn, fanOut] + [fanOut] -> [B, fanOut]. `tf.fused.matMul` runs the same kernel,
 * but its gradient always computes ∂L/∂x too: of the first layer that is a gradient for the images, which nobody asks
 * for, and a sixth of a training step. It also makes batches of one matrix of its inputs, which the kernels do not need.
 */
export function dense(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  const attrs = { transposeA: false, transposeB: false, activation: "linear", leakyreluAlpha: 0 };
  return tf.engine().runKernel<tf.Tensor2D>(tf._FusedMatMul, { a: x, b: kernel, bias }, attrs);
}
