import { VaeError } from "../base/errors.ts";
import * as tf from "../tensors/tf.ts";

const close = (got: ArrayLike<number>, wanted: readonly number[]) =>
  got.length === wanted.length &&
  wanted.every((w, i) => Math.abs(got[i]! - w) <= 1e-4 * Math.max(1, Math.abs(w)));

/**
 * A dense layer forward and backward, `L = Σ (relu(x·W + b))²`, against plain JavaScript. Drivers and builds that
 * answer with zeros instead of an error exist, and a run must not train on them for hours.
 */
export async function selfTest(name: string): Promise<void> {
  const [B, I, O] = [3, 4, 2];
  const x = Array.from({ length: B * I }, (_, i) => Math.sin(i + 1));
  const w = Array.from({ length: I * O }, (_, i) => Math.cos(2 * i));
  const bias = [0.5, -0.25];

  const layer: number[] = []; // [B, O]
  const weightGradient = new Array<number>(I * O).fill(0);
  for (let b = 0; b < B; b++) {
    for (let o = 0; o < O; o++) {
      let sum = bias[o]!;
      for (let i = 0; i < I; i++) sum += x[b * I + i]! * w[i * O + o]!;
      const y = Math.max(0, sum);
      layer.push(y);
      for (let i = 0; i < I; i++) weightGradient[i * O + o]! += 2 * y * x[b * I + i]!;
    }
  }

  const X = tf.tensor2d(x, [B, I]);
  const W = tf.tensor2d(w, [I, O]);
  const b = tf.tensor1d(bias);
  const forward = (weights: tf.Tensor) => tf.relu(tf.add(tf.matMul(X, weights), b));
  const results = tf.tidy(() => [forward(W), tf.grad((weights) => tf.sum(tf.square(forward(weights))))(W)]);
  try {
    const [y, dW] = await Promise.all(results.map((t) => t.data()));
    if (close(y!, layer) && close(dW!, weightGradient)) return;
  } finally {
    tf.dispose([X, W, b, ...results]);
  }
  throw new VaeError(
    "failure",
    `The ${name} backend computes wrong numbers on this machine: a dense layer and its gradient differ from plain ` +
      "arithmetic. Choose another with --backend; cpu always works.",
  );
}
