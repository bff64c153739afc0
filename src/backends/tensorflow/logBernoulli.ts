import * as tf from "../../tensors/tf.ts";
import type { Call } from "./kernel.ts";

/** σ(|l|) ≥ ½: a product of so many is no smaller than 2⁻¹⁶, and loses no digits. */
const MOST_FACTORS = 16;

/**
 * Σ_d x·l − softplus(l), [B, D] -> [B], see `fusedKernel`. TensorFlow's softplus takes as long as the matrix product that makes
 * the logits; as relu(l) − log σ(|l|), with one logarithm for many σ, it takes half of that.
 */
export const logBernoulli = {
  kernelName: "LogBernoulli",
  kernelFunc({ inputs: { logits, x } }: Call<"logits" | "x", object>): tf.TensorInfo {
    const [B, D] = logits.shape as [number, number];
    const factors = largestDivisor(D, MOST_FACTORS);
    return tf.tidy(() => {
      const probs = tf.reshape(tf.sigmoid(tf.abs(logits)), [B, D / factors, factors]);
      const linear = tf.sub(tf.mul(x, logits), tf.relu(logits)); // before they are added up, as both may be huge
      return tf.add(tf.sum(linear, 1), tf.sum(tf.log(tf.prod(probs, 2)), 1));
    });
  },
};

function largestDivisor(n: number, atMost: number): number {
  for (let divisor = atMost; divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}
