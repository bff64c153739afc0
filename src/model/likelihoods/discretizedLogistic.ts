import { z } from "zod";
import { logSinhc } from "../../tensors/deviceMath.ts";
import { interior, log1mExp, softplus } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import type { LocationScaleOptions } from "./locationScale.ts";
import {
  type ComponentFamily,
  type Components,
  componentsSetting,
  countComponents,
  createMixture,
  initialMixture,
} from "./mixture.ts";
import { quantised } from "./pixelDistribution.ts";
import { describeScale, initialScale, type ScaleConfig, scaleSetting } from "./scale.ts";

const LEVELS = 256;
const LAST = LEVELS - 1;
const HALF_BIN = 0.5 / LAST;

/**
 * P(x) = σ((x + h − μ)/s) − σ((x − h − μ)/s) for x = v/255, h = 1/510, where the first and the last bin reach to ∓∞: a
 * logistic density rounded to the 256 levels; and mixtures of K of them (Salimans et al. 2017, "PixelCNN++", eq. 2).
 * The channels of a colour are independent here.
 */
export const discretizedLogistic = defineLikelihood({
  schema: z.strictObject({
    kind: z.literal("discretized-logistic"),
    components: componentsSetting.default(1),
    scale: scaleSetting,
  }),
  kindOf: "density",
  words: {
    summary: "mixture of logistic densities rounded to 256 levels",
    formula: "log Σ_k π_k [ F((x + h − m_k) / s) − F((x − h − m_k) / s) ]",
    familiar: "log cosh of the error",
  },
  settings: ({ components, scale }) => `${countComponents(components)}, ${describeScale("s", scale)}`,
  support: () => ({ set: "bytes" }),
  initialParams({ components, scale }, averageImage) {
    const s = initialScale(optionsOf(scale));
    return initialMixture(components, optionsOf(scale), averageImage, (mean) => locationOfMean(mean, s));
  },
  create: ({ components, scale }, createVariable) =>
    createMixture(components, logistics, optionsOf(scale), createVariable),
});

const SIGMA_AT_ONE = Math.PI / Math.sqrt(3);

/** A probability cannot go to infinity, so the bound is for the arithmetic alone: at 1e-4 a bin holds all but 1e-8. */
const optionsOf = (scale: ScaleConfig): LocationScaleOptions => ({
  scale,
  mean: "linear", // beyond the ends too: so the outer bins get all of the probability
  sigmaAtOne: SIGMA_AT_ONE,
  minSigma: 1e-4 * SIGMA_AT_ONE,
});

const logistics: ComponentFamily = {
  logProb: logBinProbs,
  parts(minusLogProb, x) {
    const isInner = tf.mul(tf.step(tf.sub(x, HALF_BIN)), tf.step(tf.sub(1 - HALF_BIN, x)));
    const innerLevels = tf.mul<tf.Tensor2D>(minusLogProb, isInner);
    return { innerLevels, outerLevels: tf.sub(minusLogProb, innerLevels) };
  },
  mean: componentMeans,
  draw(random) {
    const u = (random.uint32() + 0.5) / 2 ** 32; // never 0 or 1
    return Math.log(u / (1 - u));
  },
  density: {
    variance: SIGMA_AT_ONE ** 2,
    logProb: (t) => -Math.abs(t) - 2 * Math.log1p(Math.exp(-Math.abs(t))),
    logMass: (from, to) => log1mExp(to - from) - softplus(from) - softplus(-to), // as in `logBinProbs`
  },
  round: (draw) => tf.div(tf.round(tf.mul(tf.clipByValue(draw, 0, 1), LAST)), LAST),
  roundOnHost: (unrounded) => quantised(unrounded, LEVELS),
};

/**
 * log of the probability of the bin around x, x [B, D, 1] -> [B, D, K].
 *
 * With a, b the edges of the bin in units of s and Δ = b − a, σ(b) − σ(a) = (1 − e^−Δ) σ(b) σ(−a) holds without
 * cancelling, from bins that hold everything to scales at which they are almost empty. So the logarithm is
 * log(1 − e^−Δ) − softplus(−b) − softplus(a), of which the outer bins lack what belongs to their infinite edge. And
 * log(1 − e^−Δ) = log 2h − log s − Δ/2 + log(sinh(Δ/2) / (Δ/2)), which stays exact as Δ vanishes.
 */
function logBinProbs({ locations, scales: { log, inverse } }: Components, x: tf.Tensor): tf.Tensor {
  const t = tf.mul(tf.sub(x, locations), inverse);
  const half = tf.mul(inverse, HALF_BIN); // Δ/2
  const hasLower = tf.step(tf.sub(x, HALF_BIN));
  const hasUpper = tf.step(tf.sub(1 - HALF_BIN, x));
  const lower = tf.mul(tf.softplus(tf.sub(t, half)), hasLower);
  const upper = tf.mul(tf.softplus(tf.neg(tf.add(t, half))), hasUpper);
  const width = tf.add(tf.sub(tf.sub(logSinhc(half), half), log), Math.log(2 * HALF_BIN));
  return tf.sub(tf.mul(width, tf.mul(hasLower, hasUpper)), tf.add(lower, upper));
}

/**
 * E[x] of each component, [B, D, K]: Σ_v P(x ≥ v/255) / 255, v = 1 … 255. A pass for each level: for pictures only.
 */
function componentMeans({ locations, scales: { inverse } }: Components): tf.Tensor {
  const t = tf.mul(locations, inverse);
  let sum = tf.zerosLike(t);
  for (let v = 1; v <= LAST; v++) {
    const next = tf.tidy(() => tf.add(sum, tf.sigmoid(tf.sub(t, tf.mul(inverse, (v - 0.5) / LAST)))));
    sum.dispose();
    sum = next;
  }
  return tf.div(sum, LAST);
}

/**
 * The location at which E[x] = m for a scale s. What lies beyond the ends is cut off there, and for the sum over levels
 * an integral will do (to 1e-5, or to half a level where s is less than one): m = s (softplus(μ/s) − softplus((μ − 1)/s)),
 * which solves for μ. m is bounded, so that a pixel that is always black starts at a finite one.
 */
function locationOfMean(mean: number, s: number): number {
  const m = interior(mean);
  return m + s * (log1mExp(m / s) - log1mExp((1 - m) / s));
}
