/** Operations on tensors whose obvious form overflows, cancels or is slow, with their gradients written out. */

import * as tf from "./tf.ts";

/**
 * An operation with its gradient. `forward` also returns what `gradient` needs: TensorFlow.js keeps those tensors
 * until then and frees all others.
 */
export function customOp<X extends tf.Tensor, Y extends tf.Tensor>(
  x: X,
  forward: (x: X) => { value: Y; saved: tf.Tensor[] },
  gradient: (dy: Y, saved: tf.Tensor[]) => tf.Tensor,
): Y {
  const op = tf.customGrad((x, save) => {
    const { value, saved } = forward(x as X);
    (save as (tensors: tf.Tensor[]) => void)(saved);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy as Y, saved) };
  });
  return op(x) as Y;
}

/** x, as a constant for the gradient. */
export const held = <X extends tf.Tensor>(x: X): X =>
  customOp(
    x,
    (x) => ({ value: tf.clone(x), saved: [] }),
    (dy) => tf.zerosLike(dy),
  );

/** [B, n] -> [rows, n], all of it as often as rows / B says: row k·B + b is row b. */
export const rowsFor = (batch: tf.Tensor2D, rows: number): tf.Tensor2D =>
  rows === batch.shape[0] ? batch : tf.tile(batch, [rows / batch.shape[0], 1]);

/**
 * log Σ_k exp(a_k) over the last dimension, [..., K] -> [...].
 *
 * Softmax is one kernel, stable, and is the gradient as well; from its largest entry p the sum follows as max a − log p,
 * where p ≥ 1/K. So one tensor of the size of `a` is made and kept, where the usual way makes three.
 */
export function logSumExp(a: tf.Tensor): tf.Tensor {
  return customOp(
    a,
    (a) => {
      const probs = tf.softmax(a);
      return { value: tf.sub(tf.max(a, -1), tf.log(tf.max(probs, -1))), saved: [probs] };
    },
    (dy, [probs]) => tf.mul(tf.expandDims(dy, -1), probs!),
  );
}

/**
 * log(sinh(y) / y), even in y: what normalises exp(2 y x) on an interval of x. Its derivative is `langevin`. For each
 * element of y.
 */
export function logSinhc<T extends tf.Tensor>(y: T): T {
  return customOp(
    y,
    (y) => {
      const { value, derivative } = logSinhcParts(y);
      return { value: value as T, saved: [derivative] };
    },
    (dy, [derivative]) => tf.mul(dy, derivative!),
  );
}

/** coth(y) − 1/y, odd, from −1 to 1. For each element of y. */
export const langevin = (y: tf.Tensor) => logSinhcParts(y).derivative;

/**
 * Both are differences of large numbers near 0 and go by their series there. The two branches are put together by
 * multiplying with 0 or 1, each computed from an argument that it is good for: on WebAssembly that takes a quarter of the
 * time of `where` and `maximum`.
 */
function logSinhcParts(y: tf.Tensor): { value: tf.Tensor; derivative: tf.Tensor } {
  const NEAR = 0.25; // the series below have their next terms under 2e-8 up to here
  const magnitude = tf.abs(y);
  const isFar = tf.step(tf.sub(magnitude, NEAR));
  const choose = (near: tf.Tensor, far: tf.Tensor) => tf.add(near, tf.mul(isFar, tf.sub(far, near)));

  const a = tf.clipByValue(magnitude, 0, NEAR);
  const q = tf.square(a);
  const nearValue = polynomial(q, [0, 1 / 6, -1 / 180, 1 / 2835]);
  const nearSlope = tf.mul(a, polynomial(q, [1 / 3, -1 / 45, 2 / 945]));

  const b = tf.clipByValue(magnitude, NEAR, 1e30);
  const e = tf.exp(tf.mul(b, -2));
  const rest = tf.sub(1, e);
  const farValue = tf.add(b, tf.log(tf.div(rest, tf.mul(b, 2)))); // sinh b / b = e^b (1 − e^−2b) / 2b
  const farSlope = tf.sub(tf.div(tf.add(1, e), rest), tf.div(1, b));

  return {
    value: choose(nearValue, farValue),
    derivative: tf.mul(tf.sign(y), choose(nearSlope, farSlope)),
  };
}

/** c₀ + c₁ q + c₂ q² + … by Horner's rule. */
function polynomial(q: tf.Tensor, coefficients: readonly number[]): tf.Tensor {
  const [last, ...others] = coefficients.toReversed();
  return others.reduce<tf.Tensor | number>((sum, c) => tf.add(tf.mul(q, sum), c), last!) as tf.Tensor;
}
