import { fusedKernel } from "../fusedKernel.ts";
import * as tf from "../tf.ts";

/** dy where x > 0: TensorFlow.js's own gradient of relu, as one kernel where there is one. */
const relu: tf.GradConfig = {
  kernelName: tf.Relu,
  inputsToSave: ["x"],
  gradFunc(dy, saved) {
    const [slope, x] = [dy as tf.Tensor, saved[0]!];
    const composed = () => tf.mul(slope, tf.cast(tf.step(x), "float32"));
    return { x: () => fusedKernel("ReluGrad", { dy: slope, x }, composed) };
  },
};

/** Of `dense`: without products that nobody asks for, and on matrices instead of batches of one. */
const fusedMatMul: tf.GradConfig = {
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
};

/** Puts our gradients in the place of the package's. Every backend's start does it; done again, it changes nothing. */
export function registerGradients(): void {
  for (const gradient of [relu, fusedMatMul]) tf.registerGradient(gradient);
}
