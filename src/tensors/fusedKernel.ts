import * as tf from "./tf.ts";

/**
 * Runs a kernel that computes in one pass what otherwise takes several operations, where the backend has such a kernel
 * (`backends/wasm/fused.ts`, `backends/webgpu/kernels`), and `composed` elsewhere. The kernel has the gradient that is
 * registered for it, if there is one; without one it is for use in `customOp` and `registerGradient`.
 */
export function fusedKernel<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Record<string, tf.Tensor>,
  composed: () => T,
  attrs: Readonly<Record<string, unknown>> = {},
): T {
  if (!tf.getKernel(name, tf.getBackend())) return composed();
  return tf.engine().runKernel<T>(name, inputs, attrs as tf.NamedAttrMap);
}
