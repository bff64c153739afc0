import * as tf from "../../tensors/tf.ts";
import { convFilterGradient } from "./convFilterGradient.ts";
import { convInputGradient } from "./convInputGradient.ts";
import { install } from "./kernel.ts";

/**
 * Both gradients of a convolution, from forward convolutions, which XNNPACK computes. (In formulas a convolution is
 * y[b, i, j, o] = Σ x[b, i·s + m − p, j·s + n − p, c] · w[m, n, c, o], with stride s and padding p.) Every filter that is
 * made here is a new tensor: XNNPACK keeps its packed copy of a filter for as long as the tensor lives.
 */
export function installConvGradients(): void {
  if (!tf.getKernel(convFilterGradient.kernelName, "wasm"))
    tf.registerKernel({ ...convFilterGradient, backendName: "wasm" } as tf.KernelConfig);
  install(convInputGradient);
}
