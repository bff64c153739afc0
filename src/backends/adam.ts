import * as tf from "../tensors/tf.ts";

/** The constants of Adam, and where it is. */
export interface AdamAttrs {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Counts from 1: the t of the paper. */
  readonly step: number;
  /** Multiplies the gradient first: below 1 where its norm is clipped. */
  readonly scale: number;
}

/** One parameter with its moments. These three change; `grad` does not. */
export interface AdamSlot {
  readonly param: tf.Variable;
  readonly m: tf.Variable;
  readonly v: tf.Variable;
  readonly grad: tf.Tensor;
}

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1), with g the gradient times `scale`:
 *
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     θ ← θ − learningRate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * TensorFlow.js's own optimiser runs 14 kernels for each parameter and keeps βᵗ as a float32 product, so that a
 * resumed run differs; here βᵗ comes from `step`. On backends with the kernel "Adam" it is one pass over memory, in
 * place. A clone of a variable, made before, keeps its values: see `unshare`.
 */
export function adamStep(slots: readonly AdamSlot[], attrs: AdamAttrs): void {
  if (!tf.getKernel("Adam", tf.getBackend())) {
    composedAdamStep(slots, attrs);
    return;
  }
  for (const { param, m, v, grad } of slots) {
    for (const variable of [param, m, v]) unshare(variable);
    runKernel("Adam", { param, m, v, grad }, { ...attrs });
  }
}

/** The same from the operations that every backend has. */
export function composedAdamStep(slots: readonly AdamSlot[], attrs: AdamAttrs): void {
  const { learningRate, beta1, beta2, epsilon, step, scale } = attrs;
  for (const { param, m, v, grad } of slots) {
    tf.tidy(() => {
      const g = tf.mul(grad, scale);
      m.assign(tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
      v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
      const root = tf.sqrt(tf.div(v, 1 - beta2 ** step));
      const update = tf.div(tf.mul(m, learningRate / (1 - beta1 ** step)), tf.add(root, epsilon));
      param.assign(tf.sub(param, update));
    });
  }
}

/** The sum of the squares of all elements of all tensors, summed in float64 where the backend has the kernel. */
export function squaredNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  if (tf.getKernel("SquaredNorm", tf.getBackend())) {
    return runKernel("SquaredNorm", Object.fromEntries(tensors.map((x, i) => [`x${i}`, x]))) as tf.Scalar;
  }
  return tf.tidy(() => tf.addN(tensors.map((x) => tf.sum(tf.square(x))))) as tf.Scalar;
}

/** Gradients longer than `clipNorm` scaled down to it (Pascanu et al. 2013), without a read by the host. */
export function clipped(gradients: readonly tf.Tensor[], clipNorm: number): tf.Tensor[] {
  return tf.tidy(() => {
    const scale = tf.minimum(1, tf.div(clipNorm, tf.sqrt(squaredNorm(gradients))));
    return gradients.map((gradient) => tf.mul(gradient, scale));
  });
}

/**
 * Gives a variable memory of its own. `tf.variable`, `assign`, `clone` and `reshape` do not copy but count references
 * to the same memory, and changing that in place would change every tensor that refers to it.
 */
export function unshare(variable: tf.Variable): void {
  if (tf.backend().refCount(variable.dataId) > 1) tf.tidy(() => variable.assign(tf.mul(variable, 1)));
}

/** Kernels of our own are not in TensorFlow.js's types. */
function runKernel(name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap = {}): unknown {
  return tf.engine().runKernel(name, inputs, attrs);
}
