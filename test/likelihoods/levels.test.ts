import { expect, test } from "vitest";
import {
  codePixels,
  codingsFor,
  expectedPixel,
  isRandomCoding,
  levelsCoding,
  type PixelCoding,
  pixelCodings,
} from "../../src/data/codings.ts";
import { likelihoods } from "../../src/model/likelihoods/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";

const allBytes = Uint8Array.from({ length: 256 }, (_, v) => v);

function code(coding: PixelCoding, key = "noise"): Float32Array {
  const out = new Float32Array(256);
  codePixels(coding, allBytes, new RandomStream(key), out);
  return out;
}

test("levels-K cuts the bytes into K equal parts, from 0 to 1", () => {
  const x = code("levels-4");
  expect([0, 63, 64, 127, 128, 191, 192, 255].map((v) => x[v]!)).toEqual(
    [0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1, 1].map(Math.fround),
  );
  for (const levels of [2, 5, 100, 256]) expect(new Set(code(levelsCoding(levels))).size).toBe(levels);
});

test("levels-256 is gray, levels-2 is the threshold", () => {
  expect(code("levels-256")).toEqual(code("gray"));
  expect(code("levels-2")).toEqual(code("binary-threshold"));
  expect(isRandomCoding("levels-256")).toBe(false);
});

test("a categorical likelihood asks for its own levels", () => {
  const config = { kind: "categorical", levels: 16 } as const;
  expect(codingsFor(likelihoods.of(config).support(config))).toEqual(["levels-16"]);
});

test.each([...pixelCodings, levelsCoding(7)])("%s: the expected pixel is the mean of its draws", (coding) => {
  const n = isRandomCoding(coding) ? 2000 : 1;
  const sum = new Float64Array(256);
  for (let i = 0; i < n; i++) {
    const x = code(coding, `draw ${i}`);
    for (let v = 0; v < 256; v++) sum[v]! += x[v]!;
  }
  for (let v = 0; v < 256; v++) {
    // Five standard errors of at most ½ / √n: failure rate 6e-7 for each of 3 · 256, and seeded.
    const bound = isRandomCoding(coding) ? (5 * 0.5) / Math.sqrt(n) : 1e-7;
    expect(Math.abs(sum[v]! / n - expectedPixel(coding, v))).toBeLessThan(bound);
  }
});
