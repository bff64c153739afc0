import { z } from "zod";
import { HALF_LOG_TWO_PI, logGamma, logSumExp } from "../../tensors/hostMath.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import { IntervalDistribution } from "./pixelDistribution.ts";

/** A mean that is below this at the start would make a logarithm of nothing. */
const LEAST_MEAN = 1e-3;

/** `log p(x) = x·l − exp(l) − log x!` with the logarithm l of the mean rate λ = exp(l), x ∈ {0, 1, 2 …}: for counts. */
export const poisson = defineLikelihood({
  schema: z.strictObject({ kind: z.literal("poisson") }),
  kindOf: "density",
  words: {
    summary: "counts of what happens at a rate, for tables",
    formula: "x log λ − λ − log x!, x ∈ {0, 1, 2, …}",
    familiar: "Poisson regression, deviance",
  },
  settings: () => "",
  support: () => ({ set: "counts" }),
  initialParams: (_config, average) => average.map((mean) => Math.log(Math.max(LEAST_MEAN, mean))),
  create: () => ({
    kindOf: "density",
    hasScale: false,
    paramChannels: 1,
    logProb: (params, x) => tf.sum(logProbs(params, x), 1),
    terms: (params, x) => {
      const logRate = logRates(params);
      return { error: tf.sub(tf.exp(logRate), tf.mul(x, logRate)), constant: logFactorial(x) };
    },
    mean: (params) => tf.exp(logRates(params)),
    sample: (params, random) => drawCounts(tf.exp(logRates(params)), random),
    onHost: async () => (params) => new Poisson(params[0]!),
  }),
});

const logRates = (params: tf.Tensor3D): tf.Tensor2D => tf.squeeze(params, [2]);

function logProbs(params: tf.Tensor3D, x: tf.Tensor2D): tf.Tensor2D {
  const logRate = logRates(params);
  return tf.sub(tf.sub(tf.mul(x, logRate), tf.exp(logRate)), logFactorial(x));
}

/**
 * log x! for each element, x ≥ 0: Stirling's series for log Γ(n) at n = x + 5 (Abramowitz and Stegun 1964, 6.1.41), whose next term is
 * below 1e-8 there, less the logarithm of the factors between. So few, as they cancel most of it where x is small.
 */
function logFactorial(x: tf.Tensor2D): tf.Tensor2D {
  const n = tf.add(x, 5);
  const inverse = tf.div(1, n);
  const square = tf.square(inverse);
  const series = tf.mul(inverse, tf.add(1 / 12, tf.mul(square, tf.add(-1 / 360, tf.mul(square, 1 / 1260)))));
  const stirling = tf.add(tf.sub(tf.mul(tf.sub(n, 0.5), tf.log(n)), n), tf.add(series, HALF_LOG_TWO_PI));
  const between = [2, 3, 4].reduce<tf.Tensor>((product, i) => tf.mul(product, tf.add(x, i)), tf.add(x, 1));
  return tf.sub(stirling, tf.log(between)) as tf.Tensor2D;
}

/** Up to this rate a draw counts the gaps; no more than four times as many are ever needed. */
const COUNTED_RATE = 32;
const MOST_GAPS = 4 * COUNTED_RATE;

/** Of small rates by counting exponential gaps, of large ones a rounded normal of the same mean and variance. [B, D] */
function drawCounts(rates: tf.Tensor2D, random: RandomStream): tf.Tensor2D {
  const [B, D] = rates.shape;
  const gaps = random.uniforms(B * D * MOST_GAPS).map((u) => -Math.log1p(-u));
  const times = tf.cumsum(tf.tensor3d(gaps, [B, D, MOST_GAPS]), 2);
  const counted = tf.sum<tf.Tensor2D>(tf.step(tf.sub(tf.expandDims(rates, 2), times)), 2);
  const normals = tf.tensor2d(random.normals(B * D), [B, D]);
  const rounded = tf.relu(tf.round(tf.add(rates, tf.mul(tf.sqrt(rates), normals))));
  const isLarge = tf.step(tf.sub(rates, COUNTED_RATE));
  return tf.add(tf.mul(isLarge, rounded), tf.mul(tf.sub(1, isLarge), counted));
}

/** How many deviations around the mean hold all that can be told from all. */
const REACH = 40;

class Poisson extends IntervalDistribution {
  readonly #logRate: number;

  constructor(logRate: number) {
    super();
    this.#logRate = logRate;
  }

  get mean() {
    return Math.exp(this.#logRate);
  }

  get variance() {
    return this.mean;
  }

  /** As far as there is any probability. */
  get values(): readonly number[] {
    const [first, last] = this.#reach();
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  logProb(x: number) {
    if (x < 0 || !Number.isInteger(x)) return Number.NEGATIVE_INFINITY;
    return x * this.#logRate - this.mean - logGamma(x + 1);
  }

  logIntervalProb(a: number, b: number) {
    const [first, last] = this.#reach();
    const from = Math.max(first, Math.floor(a) + 1);
    const to = Math.min(last, Math.floor(b));
    if (from > to) return Number.NEGATIVE_INFINITY;
    return logSumExp(Float64Array.from({ length: to - from + 1 }, (_, i) => this.logProb(from + i)));
  }

  #reach(): [first: number, last: number] {
    const reach = REACH * Math.sqrt(this.mean) + REACH;
    return [Math.max(0, Math.floor(this.mean - reach)), Math.ceil(this.mean + reach)];
  }
}
