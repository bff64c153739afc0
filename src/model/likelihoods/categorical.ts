import { z } from "zod";
import { customOp } from "../../tensors/deviceMath.ts";
import { interior, langevin, logSumExp, solveIncreasing } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import { drawIndex, oneHot } from "./mixture.ts";
import { onLevels } from "./pixelDistribution.ts";

/**
 * `log p(x) = l_k − log Σ_j exp(l_j)` with K logits l and x = k / (K − 1): cross-entropy over the levels of a pixel
 * (van den Oord, Kalchbrenner and Kavukcuoglu 2016, "Pixel recurrent neural networks").
 *
 * It knows nothing of the order of the levels, and pays for it: the decoder ends in K numbers per pixel, and at
 * [128, 784] with K = 256 each tensor of logits is 100 MB, of which up to four are alive at once.
 */
export const categorical = defineLikelihood({
  schema: z.strictObject({
    kind: z.literal("categorical"),
    levels: z.int().min(2).max(256).default(256).meta({
      description: "K, the grey levels that pixels are quantised to; as many decoder outputs per pixel",
    }),
  }),
  kindOf: "density",
  words: {
    summary: "cross-entropy over the levels of quantised pixels",
    formula: "log softmax(l)_k = l_k − log Σ_j exp l_j",
    familiar: "cross-entropy over levels (CE)",
  },
  settings: ({ levels }) => `k one of ${levels} levels`,
  support: ({ levels }) => ({ set: "levels", levels }),

  initialParams({ levels }, averageImage) {
    const logits = new Float32Array(averageImage.length * levels);
    averageImage.forEach((mean, d) => {
      const tilt = tiltOfMean(mean, levels);
      for (let k = 0; k < levels; k++) logits[d * levels + k] = tilt * (k - (levels - 1) / 2);
    });
    return logits;
  },

  create: ({ levels }) => ({
    kindOf: "density",
    hasScale: false,
    paramChannels: levels,
    logProb: (logits, x) => tf.sum(logProbs(logits, x), 1),
    terms: (logits, x) => ({ crossEntropy: tf.neg(logProbs(logits, x)) }),
    mean: (logits) => tf.sum(tf.mul(tf.softmax(logits), tf.linspace(0, 1, levels)), 2),
    sample: (logits, random) => tf.div(drawIndex(logits, random), levels - 1),
    onHost: async () => (logits) => {
      const total = logSumExp(logits);
      return onLevels(Array.from(logits, (l) => l - total));
    },
  }),
});

/** log p of each value, [B, D, K], [B, D] -> [B, D]: x = k / (K − 1) outside, k inside. */
const logProbs = (logits: tf.Tensor3D, x: tf.Tensor2D): tf.Tensor2D =>
  logSoftmaxAt(logits, tf.round(tf.mul(x, logits.shape[2] - 1)));

/**
 * Of the last dimension of [B, D, K] the element that `k` [B, D] tells, of which it gives B·D. Counted through the whole
 * batch, as wasm gathers nothing right from several pixels apart; but webgpu takes whole numbers for float32, which cannot
 * count as far.
 */
function at(values: tf.Tensor3D, k: tf.Tensor2D): tf.Tensor {
  const K = values.shape[2];
  if (tf.getBackend() === "webgpu") return tf.gather(values, tf.expandDims(k, 2), 2, 2);
  const index = tf.add(tf.range(0, k.size * K, K, "int32"), tf.reshape(k, [-1]));
  return tf.gather(tf.reshape(values, [-1]), index);
}

/**
 * log softmax(l)_k: logits [B, D, K] and k [B, D] -> [B, D]. The gradient, one-hot(k) − softmax(l), is written out: it
 * needs the one softmax that also gives the value (see `logSumExp`), and gathering has no gradient on every backend.
 */
function logSoftmaxAt(logits: tf.Tensor3D, k: tf.Tensor2D): tf.Tensor2D {
  const levels = logits.shape[2];
  return customOp(
    logits,
    (logits) => {
      const probs = tf.softmax(logits);
      const logTotal = tf.sub(tf.max(logits, 2), tf.log(tf.max(probs, 2)));
      const chosen = at(logits, tf.cast(k, "int32"));
      return { value: tf.sub<tf.Tensor2D>(tf.reshape(chosen, k.shape), logTotal), saved: [probs, k] };
    },
    (dy, [probs, k]) => tf.mul(tf.expandDims(dy, 2), tf.sub(oneHot(k as tf.Tensor2D, levels), probs!)),
  );
}

/**
 * φ such that logits φ·k give the mean level (K − 1)·m: of all distributions with that mean the one with the highest
 * entropy. E[k] = ½(K − 1) + ½K·L(½Kφ) − ½L(½φ) with Langevin's L, the derivative of log Σ exp(φk).
 */
function tiltOfMean(m: number, levels: number): number {
  const mean = (tilt: number) =>
    0.5 + (levels * langevin((levels * tilt) / 2) - langevin(tilt / 2)) / (2 * (levels - 1));
  // Bounded, so that a pixel that is always black starts with finite logits.
  return solveIncreasing(mean, interior(m), -20, 20);
}
