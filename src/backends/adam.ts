import * as tf from "../tensors/tf.ts";

/** What stays the same over a run. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** λ of AdamW; without it there is no decay. */
  readonly weightDecay?: number;
}

/** The constants of Adam, and where it is. */
export interface AdamAttrs extends AdamConstants {
  readonly learningRate: number;
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
 * One step of Adam (Kingma and Ba 2015, algorithm 1), in place, with g the gradient times `scale`:
 *
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     θ ← (1 − learningRate · λ) θ − learningRate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * TensorFlow.js's own optimiser runs 14 kernels for each parameter and keeps βᵗ as a float32 product, so that a
 * resumed run differs; here βᵗ comes from `step`, and the kernel "Adam", which the backend must have, is one pass over
 * memory. A clone of a variable, made before, keeps its values: see `unshare`.
 */
export function adamStep(slots: readonly AdamSlot[], attrs: AdamAttrs): void {
  const keep = keptShare(attrs);
  for (const { param, m, v, grad } of slots) {
    if (keep !== 1) tf.tidy(() => param.assign(tf.mul(param, keep)));
    for (const variable of [param, m, v]) unshare(variable);
    runKernel("Adam", { param, m, v, grad }, { ...attrs });
  }
}

/** The share of a parameter that the decay of weights leaves of it. */
export const keptShare = ({
  learningRate,
  weightDecay = 0,
}: {
  readonly learningRate: number;
  readonly weightDecay?: number;
}): number => 1 - learningRate * weightDecay;

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
