import * as tf from "./tf.ts";

/**
 * Runs a kernel that computes in one pass what otherwise takes several operations, where the backend has such a kernel
 * (`backends/wasm/fused.ts`), and `composed` elsewhere. Without a gradient: for use in `customOp` and `registerGradient`.
 */
export function fusedKernel<T extends tf.Tensor>(
  name: "ReluGrad" | "LogBernoulli" | "LogBernoulliGrad",
  inputs: Record<string, tf.Tensor>,
  composed: () => T,
): T {
  return tf.getKernel(name, tf.getBackend()) ? tf.engine().runKernel<T>(name, inputs) : composed();
}
