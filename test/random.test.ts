import { describe, expect, test } from "vitest";
import { RandomStream } from "../src/tensors/random.ts";

describe("RandomStream", () => {
  test("gives the same numbers on every machine", () => {
    const random = new RandomStream(0).fork("posterior").fork(17);
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        3866067151,
        4071156009,
        2529907186,
      ]
    `);
  });

  test("a fork takes nothing from its parent and depends only on its name", () => {
    const parent = new RandomStream(3);
    const before = new RandomStream(3).uint32();
    parent.fork("a").uint32();
    expect(parent.uint32()).toBe(before);
    expect(parent.fork("a").uint32()).toBe(new RandomStream(3).fork("a").uint32());
  });

  test("seeds, names and positions give unrelated streams", () => {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      for (const name of ["weights", "posterior", "pixels", "shuffle"]) {
        for (let step = 0; step < 50; step++)
          firsts.add(new RandomStream(seed).fork(name).fork(step).uint32());
      }
    }
    expect(firsts.size).toBeGreaterThan(10_000 - 3); // collisions expected among 10^4 of 2^32: 0.01
  });

  test("uniforms fill [0, 1) evenly", () => {
    const random = new RandomStream("uniform");
    const bins = new Array<number>(20).fill(0);
    for (let i = 0; i < 100_000; i++) bins[Math.floor(random.uniform() * 20)]!++;
    const chi2 = bins.reduce((sum, n) => sum + (n - 5000) ** 2 / 5000, 0);
    expect(chi2).toBeLessThan(50.8); // chi-squared, 19 degrees: scipy.stats.chi2.isf(1e-4, 19); seeded, so it is met or not
  });

  test("normals have the moments of N(0, 1)", () => {
    const n = 200_000;
    const values = new RandomStream("normal").normals(n);
    const moment = (k: number) => values.reduce((sum, v) => sum + v ** k, 0) / n;
    // Standard errors of the first four moments are sqrt(1, 2, 15, 96) / sqrt(n); four of them: failure rate 6e-5 each.
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  test("normals in pieces of any length are the same as one by one", () => {
    const [one, pieces] = [new RandomStream("pieces"), new RandomStream("pieces")];
    const out = new Float32Array(30);
    let end = 0;
    for (const length of [3, 0, 4, 1, 1, 7, 2]) {
      pieces.fillNormals(out, end, end + length);
      end += length;
    }
    for (; end < 30; end++) out[end] = pieces.normal();
    expect([...out]).toEqual(Array.from({ length: 30 }, () => Math.fround(one.normal())));
    expect(pieces.uint32()).toBe(one.uint32());
  });

  test("a permutation holds each number once, and is not the identity", () => {
    const order = new RandomStream("order").permutation(1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...order].filter((v, i) => v === i).length).toBeLessThan(10); // expected: 1
  });
});
