import { describe, expect, test } from "vitest";
import type { Encodings } from "../src/evaluation/encodings.ts";
import {
  evenly,
  latentPaths,
  normalQuantiles,
  rankedUnits,
  withUnits,
} from "../src/evaluation/latentSpace.ts";
import { principalComponents, project } from "../src/evaluation/projection.ts";
import { RandomStream } from "../src/tensors/random.ts";

const { linear, spherical } = latentPaths;
const norm = (v: ArrayLike<number>) => Math.hypot(...Array.from(v));

describe("paths between two z", () => {
  const [a, b] = [Float32Array.of(3, 0, 0), Float32Array.of(0, 4, 0)];

  test.each(Object.entries(latentPaths))("the %s one begins and ends there", (_, path) => {
    for (const [t, end] of [
      [0, a],
      [1, b],
    ] as const) {
      for (const [i, value] of path(a, b, t).entries()) expect(value).toBeCloseTo(end[i]!, 6);
    }
  });

  test("a line is straight", () => expect([...linear(a, b, 0.25)]).toEqual([2.25, 1, 0]));

  test("an arc goes by equal angles, and between equal lengths keeps the length", () => {
    const equal = Float32Array.of(0, 3, 0);
    for (const t of [0.2, 0.5, 0.9]) {
      const z = spherical(a, equal, t);
      expect(norm(z)).toBeCloseTo(3, 5);
      expect(Math.atan2(z[1]!, z[0]!)).toBeCloseTo((t * Math.PI) / 2, 5);
    }
    // sin(45°) / sin(90°) of both
    const middle = spherical(a, b, 0.5);
    expect(middle[0]).toBeCloseTo(3 * Math.SQRT1_2, 5);
    expect(middle[1]).toBeCloseTo(4 * Math.SQRT1_2, 5);
  });

  test.each([
    ["the same direction", Float32Array.of(6, 0, 0), [4.5, 0, 0]],
    ["0", Float32Array.of(0, 0, 0), [1.5, 0, 0]],
    ["the opposite direction", Float32Array.of(-3, 0, 0), [0, 0, 0]],
  ])("where there is no arc, to %s, it is the line", (_, end, middle) => {
    for (const [i, value] of spherical(a, end, 0.5).entries()) expect(value).toBeCloseTo(middle[i]!, 6);
  });
});

/** Two dimensions: of the first E[z|x] = ±1 and σ = 0.5, of the second 3 and 1. */
const encodings: Encodings = {
  count: 4,
  latentDim: 2,
  mean: Float32Array.of(1, 3, -1, 3, 1, 3, -1, 3),
  logVar: Float32Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? 2 * Math.log(0.5) : 0)),
  z: Float32Array.of(1, 3, -1, 4, 3, 3, -3, 2),
  logPosterior: new Float32Array(4),
  logPrior: new Float32Array(4),
};

describe("the dimensions of z", () => {
  test("under N(0, I) are ranked by their KL, and moved by the prior's own deviation", () => {
    const [first, second] = rankedUnits(encodings, true);
    // ½ (σ² + μ² − 1 − log σ²)
    expect(first).toMatchObject({ unit: 1, active: true, mean: 0, deviation: 1, varianceOfMean: 0 });
    expect(first!.kl).toBeCloseTo(4.5, 6);
    expect(second!.kl).toBeCloseTo(0.5 * (0.25 + 1 - 1 - Math.log(0.25)), 6);
  });

  test("under another prior by the variance of their means, and moved as z is spread", () => {
    const [first, second] = rankedUnits(encodings, false);
    expect(first).toEqual({ unit: 0, varianceOfMean: 1, active: true, mean: 0, deviation: Math.sqrt(5) });
    expect(second).toMatchObject({ unit: 1, active: false, mean: 3, deviation: Math.sqrt(0.5) });
    expect(second).not.toHaveProperty("kl");
  });

  test("are set in copies of z, which stays", () => {
    const z = Float32Array.of(7, 8, 9);
    expect([
      ...withUnits(z, [
        [],
        [[1, 0]],
        [
          [0, 1],
          [2, 2],
        ],
      ]),
    ]).toEqual([7, 8, 9, 7, 0, 9, 1, 8, 2]);
    expect([...z]).toEqual([7, 8, 9]);
  });

  test("go through even steps, and quantiles of equal probability", () => {
    expect(evenly(5, 3)).toEqual([-3, -1.5, 0, 1.5, 3]);
    // scipy.stats.norm.ppf([1/6, 1/2, 5/6])
    for (const [i, value] of normalQuantiles(3).entries())
      expect(value).toBeCloseTo([-0.9674215661017014, 0, 0.9674215661017014][i]!, 12);
  });
});

describe("a plane of posterior means", () => {
  test("has the directions and the shares of the largest variances", () => {
    // Deviations 3 and 1 along (1, 1, 0)/√2 and (−1, 1, 0)/√2, 0.01 along the third, about (5, 5, 5).
    const random = new RandomStream("principal components");
    const t = Array.from({ length: 500 }, () => [
      3 * random.normal(),
      random.normal(),
      0.01 * random.normal(),
    ]);
    const values = Float32Array.from(
      t.flatMap(([u, v, w]) => [5 + (u! - v!) * Math.SQRT1_2, 5 + (u! + v!) * Math.SQRT1_2, 5 + w!]),
    );
    const { scores, shares } = principalComponents(values, { count: 500, d: 3, k: 2 });
    expect(Math.abs(shares[0]! - 0.9)).toBeLessThan(0.02); // 9 / 10.0001, to three standard errors
    expect(shares[0]! + shares[1]!).toBeGreaterThan(0.999);
    const means = [0, 1].map((k) => t.reduce((sum, row) => sum + row[k]! / 500, 0));
    const off = t.map((row, i) => Math.abs(scores[2 * i]! - (row[0]! - means[0]!)));
    expect(Math.max(...off)).toBeLessThan(0.5); // the directions found differ from the true ones by 1/√500 of a ratio 3
  });

  test("is that of two dimensions where they are named or the only ones, and of one beside its deviation", () => {
    expect(project(encodings)).toMatchObject({
      names: ["E[z0|x]", "E[z1|x]"],
      points: [
        [1, 3],
        [-1, 3],
        [1, 3],
        [-1, 3],
      ],
    });
    expect(project(encodings, [1, 0]).points[0]).toEqual([3, 1]);
    const one = { ...encodings, count: 8, latentDim: 1 };
    expect(project(one).points[0]![1]).toBeCloseTo(0.5, 6);
    const four = project({ ...encodings, count: 2, latentDim: 4 });
    expect(four.shares![0]).toBeCloseTo(0, 6); // both rows are equal
    expect(four.names[0]).toMatch(/^first principal component, \d+ % of the variance$/);
  });
});
