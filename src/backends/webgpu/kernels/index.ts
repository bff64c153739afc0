import { convKernels, convRepairs } from "./conv.ts";
import { denseKernels } from "./dense.ts";
import { install, register } from "./kernel.ts";
import { matMulKernels } from "./matMul.ts";
import { registerOptimizerKernels } from "./optimizer.ts";

/** Puts our kernels beside the package's, and in the place of some; each file says why. */
export function installKernels(): void {
  for (const repair of [...matMulKernels, ...convRepairs]) install(repair);
  for (const kernel of [...denseKernels, ...convKernels]) register(kernel);
  registerOptimizerKernels();
}
