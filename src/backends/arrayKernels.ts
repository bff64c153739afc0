import * as tf from "../tensors/tf.ts";
import type { AdamAttrs } from "./adam.ts";

/** How JavaScript reaches the numbers of a backend that keeps them in this process. */
export interface ArrayAccess {
  /** The elements, to be looked at only. */
  read(backend: tf.KernelBackend, x: tf.TensorInfo): Float32Array;
  /** Runs `change` on the elements, to be changed in place. */
  update(
    backend: tf.KernelBackend,
    xs: readonly tf.TensorInfo[],
    change: (...arrays: Float32Array[]) => void,
  ): void;
  /** Adam by better means than a loop in JavaScript, where there are any. */
  adam?(backend: tf.KernelBackend, inputs: AdamInputs, attrs: AdamAttrs): void;
}

export type AdamInputs = Record<"param" | "m" | "v" | "grad", tf.TensorInfo>;

/** Registers the kernels behind `adamStep` and `squaredNorm`: loops in JavaScript, for backends on the CPU. */
export function registerArrayKernels(backendName: string, access: ArrayAccess): void {
  if (tf.getKernel("Adam", backendName)) return;
  tf.registerKernel({
    kernelName: "Adam",
    backendName,
    kernelFunc(call) {
      const backend = call.backend as tf.KernelBackend;
      const { param, m, v, grad } = call.inputs as AdamInputs;
      for (const { dataId } of [param, m, v]) {
        if (backend.refCount(dataId) > 1)
          throw new Error("Adam works in place, on tensors that nothing else shares");
      }
      const attrs = call.attrs as unknown as AdamAttrs;
      if (access.adam) access.adam(backend, { param, m, v, grad }, attrs);
      else {
        access.update(backend, [param, m, v], (...arrays) =>
          adamLoop(...(arrays as Triple), access.read(backend, grad), attrs),
        );
      }
      return [];
    },
  });
  tf.registerKernel({
    kernelName: "SquaredNorm",
    backendName,
    kernelFunc(call) {
      const backend = call.backend as tf.KernelBackend;
      let sum = 0;
      for (const x of Object.values(call.inputs))
        sum += sumOfSquares(access.read(backend, x as tf.TensorInfo));
      return { dataId: backend.write(Float32Array.of(sum), [], "float32"), shape: [], dtype: "float32" };
    },
  });
}

type Triple = [Float32Array, Float32Array, Float32Array];

/**
 * What does not change from number to number, in float64: β powers from the step, so that resuming is exact. √(1 − β₂ᵗ)
 * is moved out of the loop, onto the learning rate and ε; the result is the same.
 */
export function adamConstants({ learningRate, beta1, beta2, epsilon, step, scale }: AdamAttrs) {
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    rate: (learningRate * root) / (1 - beta1 ** step),
    floor: epsilon * root,
    newM: (1 - beta1) * scale,
    newV: (1 - beta2) * scale * scale,
  };
}

function adamLoop(
  p: Float32Array,
  m: Float32Array,
  v: Float32Array,
  g: Float32Array,
  attrs: AdamAttrs,
): void {
  const { beta1, beta2 } = attrs;
  const { newM, newV, rate, floor } = adamConstants(attrs);
  for (let i = 0; i < p.length; i++) {
    const gi = g[i]!;
    const mi = beta1 * m[i]! + newM * gi;
    const vi = beta2 * v[i]! + newV * (gi * gi);
    m[i] = mi;
    v[i] = vi;
    p[i]! -= (rate * mi) / (Math.sqrt(vi) + floor);
  }
}

/** Four sums side by side: one alone would wait for each addition. */
function sumOfSquares(x: Float32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const end = x.length - (x.length % 4);
  for (let i = 0; i < end; i += 4) {
    a += x[i]! * x[i]!;
    b += x[i + 1]! * x[i + 1]!;
    c += x[i + 2]! * x[i + 2]!;
    d += x[i + 3]! * x[i + 3]!;
  }
  for (let i = end; i < x.length; i++) a += x[i]! * x[i]!;
  return a + b + c + d;
}
