import * as tf from "../tensors/tf.ts";

/** A kernel that takes the place of a package's own, or that the package does not have. */
export interface Repair {
  readonly kernelName: string;
  // Each repair states its own inputs and attributes; TensorFlow.js finds kernels by name and cannot check them.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly kernelFunc: (call: any) => tf.TensorInfo | tf.TensorInfo[];
}

/** Puts repairs in the place of a backend's kernels, and keeps those for the cases that a repair leaves to them. */
export function kernelRepairs(backendName: string) {
  const originals = new Map<string, tf.KernelConfig>();
  return {
    /** Done again, it changes nothing. */
    install({ kernelName, kernelFunc }: Repair): void {
      if (originals.has(kernelName)) return;
      const original = tf.getKernel(kernelName, backendName);
      originals.set(kernelName, original);
      tf.unregisterKernel(kernelName, backendName);
      // The original is still set up with each backend: other kernels of a package call it directly.
      tf.registerKernel({ ...original, kernelFunc });
    },
    /** Adds a kernel that the package does not have. Done again, it changes nothing. */
    register({ kernelName, kernelFunc }: Repair): void {
      if (tf.getKernel(kernelName, backendName)) return;
      tf.registerKernel({ kernelName, backendName, kernelFunc } as tf.KernelConfig);
    },
    /** Runs the package's own kernel. */
    runOriginal<T extends tf.TensorInfo | tf.TensorInfo[] = tf.TensorInfo>(
      kernelName: string,
      call: object,
    ): T {
      return originals.get(kernelName)!.kernelFunc(call as Parameters<tf.KernelFunc>[0]) as T;
    },
  };
}
