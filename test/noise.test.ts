import { describe, expect, test } from "vitest";
import { disturbances, sumsOf } from "../src/evaluation/centralLimit.ts";
import { entropyGap, histogramOf, shapeOf } from "../src/evaluation/entropy.ts";
import { againstGaussian } from "../src/evaluation/residuals.ts";
import { logGamma } from "../src/tensors/hostMath.ts";
import { RandomStream } from "../src/tensors/random.ts";

const GAUSSIAN = 0.5 * Math.log(2 * Math.PI * Math.E);

describe("the entropy gap of draws", () => {
  const random = new RandomStream("noise");
  const exponential = () => -Math.log(1 - random.uniform());
  const cases: [name: string, draw: () => number, gap: number, excessKurtosis: number][] = [
    ["normal", () => random.normal(), 0, 0],
    ["uniform", () => random.uniform(), 0.5 * Math.log((2 * Math.PI * Math.E) / 12), -1.2],
    ["Laplace", () => exponential() - exponential(), GAUSSIAN + 0.5 * Math.LN2 - 1 - Math.LN2, 3],
    ["exponential", exponential, GAUSSIAN - 1, 6],
  ];
  test.each(cases)("%s", (_, draw, gap, excessKurtosis) => {
    const values = Float64Array.from({ length: 200_000 }, draw);
    const { standardDeviation } = shapeOf(histogramOf(values, 0.01));
    const density = histogramOf(values, standardDeviation / 100);
    expect(Math.abs(entropyGap(density, values.length) - gap)).toBeLessThan(0.006);
    expect(Math.abs(shapeOf(density).excessKurtosis - excessKurtosis)).toBeLessThan(0.25);
  });

  test("has the bias of few draws corrected", () => {
    const values = Float64Array.from({ length: 500 }, () => random.normal());
    const density = histogramOf(values, 0.1);
    const held = density.shares.filter((share) => share > 0).length;
    expect(entropyGap(density) - entropyGap(density, 500)).toBeCloseTo((held - 1) / 1000, 12);
    expect(Math.abs(entropyGap(density, 500))).toBeLessThan(entropyGap(density));
  });
});

test("residuals give the gap of their law for each value and D times that for an image", () => {
  const random = new RandomStream("residuals");
  const [images, D] = [500, 400];
  const draw = () => 0.2 * Math.log((1 - random.uniform()) / (1 - random.uniform()));
  const found = againstGaussian(Float64Array.from({ length: images * D }, draw), images);
  expect(found.gapPerValue).toBeCloseTo(GAUSSIAN + 0.5 * Math.LN2 - 1 - Math.LN2, 2);
  expect(found.gapPerImage).toBe(D * found.gapPerValue);
  expect(found.standardDeviation).toBeCloseTo(0.2 * Math.SQRT2, 2);
  expect(found.gapStandardError).toBeLessThan(2);
});

describe("the distance of a sum of disturbances from the Gaussian", () => {
  test("of uniforms: the flat and the triangular density", () => {
    const [one, two] = sumsOf(disturbances.uniform, [1, 2]);
    expect(one!.gap).toBeCloseTo(GAUSSIAN - Math.log(Math.sqrt(12)), 9);
    expect(Math.abs(two!.gap - (0.5 * Math.log((2 * Math.PI * Math.E) / 6) - 0.5))).toBeLessThan(1e-4);
    expect(one!.kolmogorov).toBeCloseTo(0.0572, 3); // at φ(x) = 1 / 2√3, x = 0.8037
  });

  test("of exponentials: the gamma density, n + log Γ(n) + (1 − n) ψ(n)", () => {
    for (const { n, gap } of sumsOf(disturbances.exponential)) {
      const digamma =
        -0.5772156649015329 + Array.from({ length: n - 1 }, (_, k) => 1 / (k + 1)).reduce((a, b) => a + b, 0);
      const entropy = n + logGamma(n) + (1 - n) * digamma;
      expect(gap, `n = ${n}`).toBeCloseTo(GAUSSIAN + 0.5 * Math.log(n) - entropy, 3);
    }
    expect(sumsOf(disturbances.exponential, [1])[0]!.kolmogorov).toBeCloseTo(0.158655, 4); // Φ(−1)
  });

  test("of Laplaces: n = 1, and n = 2 with the density (1 + |x|) exp(−|x|) / 4", () => {
    const [one, two] = sumsOf(disturbances.Laplace, [1, 2]);
    expect(one!.gap).toBeCloseTo(0.0724, 4);
    let entropy = 0;
    for (let x = 0.0005; x < 60; x += 0.001) {
      const p = ((1 + x) * Math.exp(-x)) / 4;
      entropy -= 2 * 0.001 * p * Math.log(p);
    }
    expect(two!.gap).toBeCloseTo(GAUSSIAN + Math.log(2) - entropy, 4);
  });

  test.each(Object.entries(disturbances))("of %s falls with n, as the cumulants say", (_, density) => {
    const sums = sumsOf(density);
    const { skewness, excessKurtosis } = shapeOf(density);
    for (const [i, { gap, kolmogorov }] of sums.entries()) {
      if (i === 0) continue;
      expect(gap).toBeLessThan(sums[i - 1]!.gap);
      expect(kolmogorov).toBeLessThan(sums[i - 1]!.kolmogorov);
    }
    const { gap, n } = sums.at(-1)!;
    const expected = skewness ** 2 / (12 * n) + excessKurtosis ** 2 / (48 * n * n);
    expect(Math.abs(gap / expected - 1)).toBeLessThan(0.25);
  });
});
