import * as tf from "../tf.ts";

/**
 * x·W + b as one kernel, [B, fanIn] · [fanIn, fanOut] + [fanOut] -> [B, fanOut]. `tf.fused.matMul` runs the same kernel,
 * but its gradient always computes ∂L/∂x too: of the first layer that is a gradient for the images, which nobody asks
 * for, and a sixth of a training step.
 */
export function dense(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  const [a, b] = [tf.expandDims(x, 0), tf.expandDims(kernel, 0)]; // the kernel multiplies batches of matrices
  const attrs = { transposeA: false, transposeB: false, activation: "linear", leakyreluAlpha: 0 };
  const y = tf.engine().runKernel<tf.Tensor3D>(tf._FusedMatMul, { a, b, bias }, attrs);
  return tf.squeeze(y, [0]);
}

tf.registerGradient({
  kernelName: tf._FusedMatMul,
  inputsToSave: ["a", "b"],
  gradFunc(dy, saved) {
    const [a, b] = saved as [tf.Tensor3D, tf.Tensor3D];
    const gradient = dy as tf.Tensor3D;
    return {
      a: () => tf.matMul(gradient, b, false, true),
      b: () => tf.matMul(a, gradient, true, false),
      bias: () => tf.sum(gradient, [0, 1]),
    };
  },
});
