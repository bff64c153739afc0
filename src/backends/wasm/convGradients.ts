import { convFilterGradient } from "./convFilterGradient.ts";
import { convInputGradient } from "./convInputGradient.ts";
import { install, register } from "./kernel.ts";

/**
 * Both gradients of a convolution, from forward convolutions, which XNNPACK computes. (In formulas a convolution is
 * y[b, i, j, o] = Σ x[b, i·s + m − p, j·s + n − p, c] · w[m, n, c, o], with stride s and padding p.) Every filter that is
 * made here is a new tensor: XNNPACK keeps its packed copy of a filter for as long as the tensor lives.
 */
export function installConvGradients(): void {
  register(convFilterGradient);
  install(convInputGradient);
}
