import * as tf from "../../src/tensors/tf.ts";

/** The names of the kernels of the current backend that `run` calls, those of our own included; in order. */
export async function kernelsRun(run: () => Promise<unknown>): Promise<string[]> {
  const names = new Set<string>();
  const kernels = tf.getKernelsForBackend(tf.getBackend());
  const originals = kernels.map(({ kernelFunc }) => kernelFunc);
  for (const kernel of kernels) {
    const { kernelName, kernelFunc } = kernel;
    kernel.kernelFunc = (call) => {
      names.add(kernelName);
      return kernelFunc(call);
    };
  }
  try {
    await run();
  } finally {
    for (const [i, kernel] of kernels.entries()) kernel.kernelFunc = originals[i]!;
  }
  return [...names].sort();
}
