import { describe, expect, test } from "vitest";
import { evaluationBatches, trainingBatches } from "../src/data/batches.ts";
import { averageOf } from "../src/data/codedFields.ts";
import { codePixels, type PixelCoding, pixelCodings } from "../src/data/codings.ts";
import type { Split } from "../src/data/dataset.ts";
import { imageFields, imageSplit } from "../src/data/images.ts";
import { RandomStream } from "../src/tensors/random.ts";

const allBytes = Uint8Array.from({ length: 256 }, (_, v) => v);

function code(coding: PixelCoding, bytes: Uint8Array, key = "noise"): Float32Array {
  const out = new Float32Array(bytes.length);
  codePixels(coding, bytes, new RandomStream(key), out);
  return out;
}

/** `count` images of D = 4 bytes that tell which image they are. */
const numbered = (count: number): Split =>
  imageSplit(
    count,
    Uint8Array.from({ length: 4 * count }, (_, i) => i >> 2),
  );

const { x } = imageFields([2, 2, 1]);
const fields = [x];

describe("pixel codings", () => {
  test("gray is v / 255", () => {
    expect([...code("gray", Uint8Array.of(0, 51, 255))]).toEqual([0, Math.fround(0.2), 1]);
  });

  test("threshold cuts at 128", () => {
    expect([...code("binary-threshold", Uint8Array.of(0, 127, 128, 255))]).toEqual([0, 0, 1, 1]);
  });

  test("dequantised pixels stay in the bin of their byte", () => {
    const values = code("gray-dequantized", allBytes);
    expect(values).toHaveLength(256);
    values.forEach((x, v) => {
      expect(x).toBeGreaterThanOrEqual(v / 256);
      expect(x).toBeLessThan((v + 1) / 256);
    });
  });

  test("a binary draw is 1 with probability v / 255, and certain at the ends", () => {
    const n = 40_000;
    for (const v of [0, 64, 255]) {
      const ones = code("binary-dynamic", new Uint8Array(n).fill(v)).reduce((sum, x) => sum + x, 0);
      const p = v / 255;
      expect(Math.abs(ones / n - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / n)); // failure rate 6e-5
    }
  });
});

describe("batches", () => {
  const random = new RandomStream(0);

  test("an epoch holds every image once, in another order each time, with a short last batch", () => {
    const orders = [1, 2].map((epoch) => {
      const batches = [
        ...trainingBatches(numbered(10), { fields, coding: "gray", batchSize: 4, epoch, random }),
      ];
      expect(batches.map((b) => b.count)).toEqual([4, 4, 2]);
      return batches.flatMap((b) =>
        [...b.columns["x"]!].filter((_, i) => i % 4 === 0).map((x) => Math.round(x * 255)),
      );
    });
    for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test.each(pixelCodings)("%s: an epoch taken up in the middle is the epoch from the middle on", (coding) => {
    const options = { fields, coding, batchSize: 4, epoch: 3, random };
    const whole = [...trainingBatches(numbered(30), options)];
    expect([...trainingBatches(numbered(30), { ...options, from: 3 })]).toEqual(whole.slice(3));
  });

  test("dynamic binarisation is drawn anew each epoch", () => {
    const set = imageSplit(50, new Uint8Array(200).fill(128));
    const onesIn = (epoch: number) => {
      const options = { fields, coding: "binary-dynamic", batchSize: 50, epoch, random } as const;
      const [batch] = trainingBatches(set, options);
      return batch!.columns["x"]!.reduce((sum, x) => sum + x, 0);
    };
    // The sum over all images does not depend on their order.
    expect(new Set([1, 2, 3, 4].map(onesIn)).size).toBeGreaterThan(1);
  });

  test.each(pixelCodings)("%s: evaluation does not depend on the batch size", (coding) => {
    const set = imageSplit(
      7,
      Uint8Array.from({ length: 28 }, (_, i) => 9 * i),
    );
    const values = (batchSize: number) =>
      [...evaluationBatches(set, { fields, coding, batchSize, random })].flatMap((b) => [...b.columns["x"]!]);
    expect(values(2)).toEqual(values(7));
  });

  test.each(pixelCodings)("%s: the average image is the expectation of x", (coding) => {
    const bytes = Uint8Array.of(0, 60, 200, 255);
    const repeats = 5000;
    const set = imageSplit(1, bytes);
    const sum = new Float64Array(4);
    for (let i = 0; i < repeats; i++) {
      const x = code(coding, bytes, `draw ${i}`);
      for (let d = 0; d < 4; d++) sum[d]! += x[d]!;
    }
    const average = averageOf(set, x, coding);
    expect(average).toHaveLength(4);
    average.forEach((mean, d) => {
      expect(Math.abs(mean - sum[d]! / repeats)).toBeLessThan(4 * Math.sqrt(0.25 / repeats)); // failure rate 6e-5
    });
  });
});
