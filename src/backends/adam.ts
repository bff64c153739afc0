import * as tf from "../tf.ts";

/** Adam's constants, and where it is. */
export interface AdamAttrs {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Counts from 1: the `t` of the paper. */
  readonly step: number;
  /** Multiplies the gradient first; below 1 where the gradient's norm is clipped. */
  readonly scale: number;
}

/** One parameter with its state. The three variables are changed; `grad` is not. */
export interface AdamSlot {
  readonly param: tf.Variable;
  readonly m: tf.Variable;
  readonly v: tf.Variable;
  readonly grad: tf.Tensor;
}

/** How a backend's numbers are reached from JavaScript, for kernels that are loops over them. */
export interface ArrayAccess {
  readonly read: (backend: object, x: tf.TensorInfo) => Float32Array;
  /** Lets `change` work on the elements in place, then lets the backend know. */
  readonly update: (backend: object, xs: tf.TensorInfo[], change: (...arrays: Float32Array[]) => void) => void;
}

export function registerArrayKernels(backendName: string, access: ArrayAccess): void {
  if (tf.getKernel("Adam", backendName)) return;
  tf.registerKernel({
    kernelName: "Adam",
    backendName,
    kernelFunc({ inputs, backend, attrs }) {
      const { param, m, v, grad } = inputs as Record<"param" | "m" | "v" | "grad", tf.TensorInfo>;
      access.update(backend, [param, m, v], (p, m, v) => adamUpdate(p, m, v, access.read(backend, grad), attrs as unknown as AdamAttrs));
      return [];
    },
  });
  tf.registerKernel({
    kernelName: "SquaredNorm",
    backendName,
    kernelFunc({ inputs, backend }) {
      let sum = 0;
      for (const x of Object.values(inputs)) sum += sumOfSquares(access.read(backend, x as tf.TensorInfo));
      const dataId = (backend as tf.KernelBackend).write(Float32Array.of(sum), [], "float32");
      return { dataId, shape: [], dtype: "float32" };
    },
  });
}

function adamUpdate(p: Float32Array, m: Float32Array, v: Float32Array, g: Float32Array, attrs: AdamAttrs): void {
  const { learningRate, beta1, beta2, epsilon, step, scale } = attrs;
  const unbiasM = learningRate / (1 - beta1 ** step);
  const unbiasV = 1 / (1 - beta2 ** step);
  const a = 1 - beta1, b = 1 - beta2;
  for (let i = 0; i < p.length; i++) {
    const gi = scale * g[i]!;
    const mi = beta1 * m[i]! + a * gi;
    const vi = beta2 * v[i]! + b * gi * gi;
    m[i] = mi;
    v[i] = vi;
    p[i]! -= (unbiasM * mi) / (Math.sqrt(unbiasV * vi) + epsilon);
  }
}

function sumOfSquares(x: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!;
  return sum;
}

export function adamStep(slots: readonly AdamSlot[], attrs: AdamAttrs): void {
  const engine = tf.engine();
  for (const { param, m, v, grad } of slots) {
    engine.runKernel("Adam", { param, m, v, grad } as never, attrs as never);
  }
}

export function squaredNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  return tf.engine().runKernel("SquaredNorm", Object.fromEntries(tensors.map((t, i) => [i, t])) as never) as tf.Scalar;
}
