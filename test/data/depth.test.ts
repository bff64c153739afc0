import { expect, test } from "vitest";
import { averageOf, codedSize } from "../../src/data/codedFields.ts";
import { byteIntervals, codePixels, expectedPixel, type PixelCoding } from "../../src/data/codings.ts";
import { withWhite } from "../../src/data/field.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { type RangeSettings, withRange } from "../../src/data/pixelRange.ts";
import { pixelStatistics } from "../../src/data/pixelStatistics.ts";
import { binarized } from "../../src/data/staticBinarization.ts";
import { RandomStream } from "../../src/tensors/random.ts";

const WHITE = 65535;

function code(coding: PixelCoding, values: readonly number[], white = WHITE): number[] {
  const out = new Float32Array(values.length);
  codePixels(coding, Uint16Array.from(values), new RandomStream("x"), out, 0, white);
  return [...out];
}

function read(values: Uint16Array | Float32Array, settings: RangeSettings) {
  const source = {
    fields: imageFields([1, 2, 1]),
    train: imageSplit(values.length / 2, values),
    hashes: { a: "" },
  };
  const { fields, train, pixels } = withRange(source, settings, () => {});
  return { field: fields["x"]!, x: train.columns["x"]!, levels: pixels!.levels };
}

test("levels of any number are fractions of white", () => {
  expect(code("gray", [0, 1, 32768, WHITE])).toEqual([0, 1 / WHITE, 32768 / WHITE, 1].map(Math.fround));
  expect(code("binary-threshold", [0, 32767, 32768, WHITE])).toEqual([0, 0, 1, 1]);
  expect(code("levels-2", [0, 2047, 2048, 4095], 4095)).toEqual([0, 0, 1, 1]);
  expect(code("binary-dynamic", [0, WHITE])).toEqual([0, 1]);
  const drawn = code(
    "binary-dynamic",
    Array.from({ length: 4000 }, () => 16384),
  ); // p = 0.25, sd 0.0068: 5 sd
  expect(Math.abs(drawn.reduce((sum, x) => sum + x) / 4000 - 0.25)).toBeLessThan(0.035);
  const [dequantized] = code("gray-dequantized", [1000]);
  expect(dequantized).toBeGreaterThanOrEqual(1000 / 65536);
  expect(dequantized).toBeLessThan(1001 / 65536);
  expect(expectedPixel("gray-dequantized", 1000, WHITE)).toBe(1000.5 / 65536);
});

test("the intervals of all levels are the real line, cut where x changes its level", () => {
  for (const coding of ["gray", "gray-dequantized"] as const) {
    const { lower, upper } = byteIntervals(coding, WHITE)!;
    expect([lower.length, lower[0], upper[WHITE]]).toEqual([
      65536,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(upper.subarray(0, WHITE)).toEqual(lower.subarray(1));
    const x = expectedPixel(coding, 777, WHITE);
    expect(lower[777]).toBeLessThan(x);
    expect(upper[777]).toBeGreaterThan(x);
  }
  expect(byteIntervals("levels-256", WHITE)).toBeUndefined();
});

test("whole numbers keep all of their levels, unless 8 bits are wished", () => {
  const values = Uint16Array.of(0, 1000, 4095, 7);
  const kept = read(values, { range: [0, 4095] });
  expect(kept).toMatchObject({ levels: 4096, field: { white: 4095 } });
  expect(kept.x).toEqual(values);
  const eight = read(values, { range: [0, 4095], depth: 8 });
  expect(eight.field).not.toHaveProperty("white");
  expect([...eight.x]).toEqual([0, 62, 255, 0]); // 255 · 1000 / 4095 = 62.3
  expect([...read(Float32Array.of(-1000, 3000), { range: [-1000, 3000] }).x]).toEqual([0, 4000]);
  expect(read(Float32Array.of(0, 0.5), { range: [0, 1] })).toMatchObject({ levels: 256 });
  expect([...read(Float32Array.of(0, 0.25), { range: [0, 1], depth: 16 }).x]).toEqual([0, 16384]);
  expect(read(Uint16Array.of(0, 199), { range: [0, 199] })).toMatchObject({ levels: 256 });
});

test("what is made of the levels knows how many there are", async () => {
  const field = withWhite(imageFields([1, 2, 1]).x, 4095);
  const split = imageSplit(2, Uint16Array.of(0, 4095, 4095, 4095));
  expect(codedSize(field)).toBe(2);
  expect([...averageOf(split, field, "gray")]).toEqual([0.5, 1]);
  const { mean, shareWhite, histogram } = pixelStatistics(split.columns["x"]!, 4095);
  expect([mean, shareWhite, histogram[0], histogram[15]]).toEqual([0.75, 0.75, 0.25, 0.75]);
  const { fields, train } = await binarized(
    { fields: { x: field }, train: split, hashes: {} },
    async () => {},
  );
  expect(fields["x"]).not.toHaveProperty("white");
  expect(train.columns["x"]).toEqual(Uint8Array.of(0, 255, 255, 255));
});
