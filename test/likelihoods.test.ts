import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { type LikelihoodConfig, likelihoodFamily } from "../src/likelihoods/index.ts";
import { Parameters } from "../src/parameters.ts";
import { RandomStream } from "../src/random.ts";
import * as tf from "../src/tf.ts";
import { expectAllClose, finiteDifferences } from "./helpers/numerics.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

interface Row {
  readonly name: string;
  readonly config: LikelihoodConfig;
  /** Decoder outputs for one pixel. */
  readonly params: readonly number[];
  /** What x can be: its values, or an interval that holds all but 1e-9 of the mass. */
  readonly support: { readonly values: readonly number[] } | { readonly interval: readonly [number, number] };
  /** Closed forms at `params`. */
  readonly mean: number;
  readonly variance: number;
  /** [x, log p(x)] with the SciPy expression beside it. */
  readonly logProb: readonly (readonly [x: number, expected: number])[];
  /** Decoder outputs that must not break it, with an x each. */
  readonly extremes: readonly (readonly [params: readonly number[], x: number])[];
}

const rows: readonly Row[] = [
  {
    name: "gaussian, sigma 0.1",
    config: { kind: "gaussian", sigma: 0.1, mean: "linear" },
    params: [0.3],
    support: { interval: [-0.7, 1.3] },
    mean: 0.3,
    variance: 0.01,
    logProb: [
      [0.3, 1.383646559789373], // scipy.stats.norm.logpdf(0.3, 0.3, 0.1)
      [0.55, -1.741353440210627], // scipy.stats.norm.logpdf(0.55, 0.3, 0.1)
    ],
    extremes: [
      [[1e6], 0],
      [[-1e6], 1],
    ],
  },
  {
    name: "gaussian, mean by a sigmoid",
    config: { kind: "gaussian", sigma: 0.1, mean: "sigmoid" },
    params: [-0.8472978603872036], // scipy.special.logit(0.3)
    support: { interval: [-0.7, 1.3] },
    mean: 0.3,
    variance: 0.01,
    logProb: [[0.55, -1.7413534402106285]], // scipy.stats.norm.logpdf(0.55, 0.3, 0.1)
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "gaussian, sigma shared",
    config: { kind: "gaussian", sigma: "shared", mean: "linear" },
    params: [0.3],
    support: { interval: [-2.2, 2.8] },
    mean: 0.3,
    variance: 0.0625, // the initial sigma, 0.25
    logProb: [[0.55, -0.03264417208469096]], // scipy.stats.norm.logpdf(0.55, 0.3, 0.25)
    extremes: [[[1e6], 0]],
  },
  {
    name: "gaussian, sigma per pixel",
    config: { kind: "gaussian", sigma: "perPixel", mean: "linear" },
    // raw log sigma -1; the floor at 1e-3 adds log1p(exp(log 1e-3 + 1)): sigma = exp(-1) + 1e-3
    params: [0.3, -1],
    support: { interval: [-3.7, 4.3] },
    mean: 0.3,
    variance: (Math.exp(-1) + 1e-3) ** 2,
    logProb: [[0.55, -0.15131088430827655]], // scipy.stats.norm.logpdf(0.55, 0.3, numpy.exp(-1) + 1e-3)
    extremes: [
      [[0.5, -100], 0.5],
      [[0.5, -100], 0],
      [[0.5, 80], 0],
    ],
  },
  {
    name: "bernoulli",
    config: { kind: "bernoulli" },
    params: [0.7],
    support: { values: [0, 1] },
    mean: 0.6681877721681662, // scipy.special.expit(0.7)
    variance: 0.221712873293109, // scipy.stats.bernoulli.var(scipy.special.expit(0.7))
    logProb: [
      [1, -0.40318604888545784], // scipy.stats.bernoulli.logpmf(1, scipy.special.expit(0.7))
      [0, -1.1031860488854581], // scipy.stats.bernoulli.logpmf(0, scipy.special.expit(0.7))
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
      [[500], 1],
    ],
  },
];

function build({ config }: Row) {
  return likelihoodFamily(config).create(config, new Parameters().scope("likelihood"));
}

/** log p at one pixel for many x at the same parameters: one "image" each. */
function logProbs(row: Row, params: readonly number[], xs: readonly number[]): Float32Array {
  const likelihood = build(row);
  return tf.tidy(() => {
    const decoded = tf.tile(tf.tensor3d(params.slice(), [1, 1, params.length]), [xs.length, 1, 1]);
    return likelihood.logProb(decoded, tf.tensor2d(xs.slice(), [xs.length, 1])).dataSync() as Float32Array;
  });
}

describe.each(rows)("$name", (row) => {
  test("parameter count is what it says", () => {
    expect(build(row).paramChannels).toBe(row.params.length);
  });

  test("sums or integrates to 1", () => {
    if ("values" in row.support) {
      const total = logProbs(row, row.params, row.support.values).reduce((sum, l) => sum + Math.exp(l), 0);
      expect(total).toBeCloseTo(1, 6);
    } else {
      const [from, to] = row.support.interval;
      const n = 4000;
      const h = (to - from) / n;
      // The trapezoidal rule converges exponentially for smooth functions that vanish at both ends.
      const xs = Array.from({ length: n + 1 }, (_, i) => from + i * h);
      const total = logProbs(row, row.params, xs).reduce((sum, l) => sum + h * Math.exp(l), 0);
      expect(Math.abs(total - 1)).toBeLessThan(2e-6); // float32 log-probabilities
    }
  });

  test("agrees with SciPy", () => {
    const xs = row.logProb.map(([x]) => x);
    expectAllClose(
      logProbs(row, row.params, xs),
      row.logProb.map(([, expected]) => expected),
      2e-6,
    );
  });

  test("adds up over pixels, and keeps images apart", () => {
    const likelihood = build(row);
    const [x0, x1] = "values" in row.support ? row.support.values : row.support.interval;
    const [a, b] = logProbs(row, row.params, [x0!, x1!]);
    const both = tf.tidy(() => {
      const params = tf.tile(tf.tensor3d(row.params.slice(), [1, 1, row.params.length]), [2, 2, 1]);
      return likelihood.logProb(params, tf.tensor2d([x0!, x1!, x1!, x1!], [2, 2])).dataSync();
    });
    expectAllClose(both, [a! + b!, 2 * b!], 1e-5);
  });

  test("gradient agrees with finite differences", () => {
    const likelihood = build(row);
    const x = "values" in row.support ? [1, 0, 1] : [0.1, 0.9, 0.4];
    const params = Float32Array.from(
      { length: 3 * row.params.length },
      (_, i) => row.params[i % row.params.length]! + 0.1 * i,
    );
    const shape: [number, number, number] = [1, 3, row.params.length];
    const logProb = (p: tf.Tensor) =>
      likelihood.logProb(tf.reshape(p, shape) as tf.Tensor3D, tf.tensor2d([x]));
    // A dy other than 1 shows a custom gradient that forgets it.
    const scaled = (p: tf.Tensor) => tf.mul(tf.sum(logProb(p)), -0.5) as tf.Scalar;
    const gradient = tf.tidy(() => tf.grad(scaled)(tf.tensor1d(params)).dataSync());
    const numeric = finiteDifferences(
      (p) => tf.tidy(() => scaled(tf.tensor1d(p)).dataSync()[0]!),
      params,
      2e-3,
    );
    expectAllClose(gradient, numeric, 1e-2);
  });

  test("draws have the closed form's mean and variance", () => {
    const likelihood = build(row);
    const n = 40_000;
    const drawn = tf.tidy(() =>
      likelihood
        .sample(
          tf.tile(tf.tensor3d(row.params.slice(), [1, 1, row.params.length]), [1, n, 1]),
          new RandomStream(row.name),
        )
        .dataSync(),
    );
    const draws = Array.from(drawn);
    const mean = draws.reduce((sum, x) => sum + x, 0) / n;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
    // Four standard errors: failure rate 6e-5 for each, once and for all as they are seeded.
    expect(Math.abs(mean - row.mean)).toBeLessThan(4 * Math.sqrt(row.variance / n));
    expect(Math.abs(variance / row.variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  });

  test("mean agrees with the closed form", () => {
    const likelihood = build(row);
    const mean = tf.tidy(() =>
      likelihood.mean(tf.tensor3d(row.params.slice(), [1, 1, row.params.length])).dataSync(),
    );
    expectAllClose(mean, [row.mean], 1e-6);
  });

  test("starts at the average image", () => {
    const average = Float32Array.of(0.1, 0.5, 0.8);
    const family = likelihoodFamily(row.config);
    const likelihood = build(row);
    const params = family.initialParams(row.config, average);
    const mean = tf.tidy(() =>
      likelihood.mean(tf.tensor3d(params, [1, 3, likelihood.paramChannels])).dataSync(),
    );
    expectAllClose(mean, average, 1e-6);
  });

  test.each(row.extremes.map(([params, x]) => ({ params, x })))(
    "finite at $params, x = $x",
    ({ params, x }) => {
      const likelihood = build(row);
      expect(logProbs(row, params, [x])[0]).toSatisfy(Number.isFinite);
      const gradient = tf.tidy(() =>
        tf
          .grad(
            (p: tf.Tensor) => tf.sum(likelihood.logProb(p as tf.Tensor3D, tf.tensor2d([[x]]))) as tf.Scalar,
          )(tf.tensor3d(params.slice(), [1, 1, params.length]))
          .dataSync(),
      );
      for (const g of gradient) expect(g).toSatisfy(Number.isFinite);
    },
  );

  test("names its base measure and the codings it is a density for", () => {
    const family = likelihoodFamily(row.config);
    expect(family.baseMeasure(row.config)).toMatch(/measure/);
    expect(family.pixels(row.config).length).toBeGreaterThan(0);
  });
});
