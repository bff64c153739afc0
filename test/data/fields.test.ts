import { describe, expect, test } from "vitest";
import { evaluationBatches, trainingBatches } from "../../src/data/batches.ts";
import { averageOf, codedSize, codeExample } from "../../src/data/codedFields.ts";
import type { PixelCoding } from "../../src/data/codings.ts";
import { type Column, part, type Split } from "../../src/data/dataset.ts";
import { type Field, fieldOf, fieldSize, imageShapeOf } from "../../src/data/field.ts";
import { imageFields } from "../../src/data/images.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { failureOf } from "./files.ts";

const { x, label } = imageFields([2, 2, 1], 3) as Required<ReturnType<typeof imageFields>>;
const other: Field = { ...x, name: "other" };
const height: Field = { name: "height", shape: [], kind: "real", show: "value" };
const counts: Field = { name: "counts", shape: [3], kind: "count", show: "value" };

/** Images of four equal pixels, a class, a number and three counts; the image's pixel tells which example it is. */
const examples: Split = {
  count: 5,
  columns: {
    x: Uint8Array.from({ length: 20 }, (_, i) => 50 + (i >> 2)),
    other: Uint8Array.from({ length: 20 }, (_, i) => 50 + (i >> 2)),
    label: Uint8Array.of(0, 2, 1, 1, 2),
    height: Float32Array.of(-1.5, 0, 2, 3.25, 1e6),
    counts: Float32Array.from({ length: 15 }, (_, i) => i),
  },
};

describe("a field", () => {
  test("has as many values as its shape says", () => {
    expect([x, height, counts].map(fieldSize)).toEqual([4, 1, 3]);
    expect([x, label, height, counts].map(codedSize)).toEqual([4, 3, 1, 3]);
  });

  test("that a dataset lacks is told with those that it has", async () => {
    const asked = async () => fieldOf(imageFields([2, 2, 1], ["a", "b"]), "y");
    expect(await failureOf(asked())).toBe(
      "usage: The dataset has no field y, which the model reads. It has x, label.",
    );
    const pass = async () => {
      const { height: _, ...columns } = examples.columns;
      return [...passOver({ ...examples, columns }, [x, height])];
    };
    expect(await failureOf(pass())).toBe(
      "usage: A split has no height, which the model reads. It has x, other, label, counts.",
    );
  });

  test("is an image where it is shown as one", () => {
    expect(imageShapeOf(x)).toEqual([2, 2, 1]);
    expect(() => imageShapeOf(counts)).toThrow("the field counts is no image");
  });
});

describe("what a model sees", () => {
  const random = new RandomStream("fields");
  const code = (field: Field, values: Column, coding: PixelCoding = "gray") => {
    const out = new Float32Array(codedSize(field) + 2);
    codeExample(field, values, { coding, random }, out, 1);
    return [...out];
  };

  test("is a class one-hot, numbers as they are, and bytes by their coding", () => {
    expect(code(label, Uint8Array.of(2))).toEqual([0, 0, 0, 1, 0]);
    expect(code(label, Uint8Array.of(0))).toEqual([0, 1, 0, 0, 0]);
    expect(code({ ...label, shape: [2] }, Uint8Array.of(1, 0))).toEqual([0, 0, 1, 0, 1, 0, 0, 0]);
    expect(code(height, Float32Array.of(-1.5))).toEqual([0, -1.5, 0]);
    expect(code(counts, Float32Array.of(3, 0, 7))).toEqual([0, 3, 0, 7, 0]);
    expect(code(x, Uint8Array.of(0, 127, 128, 255), "binary-threshold")).toEqual([0, 0, 0, 1, 1, 0]);
  });

  test("is no class that there is not", async () => {
    expect(await failureOf((async () => code(label, Uint8Array.of(3)))())).toBe(
      "failure: The label of an example is 3. There are 3 classes: 0 to 2.",
    );
  });

  test("has a mean: shares of the classes, means of the numbers", () => {
    expect([...averageOf(examples, label, "gray")]).toEqual([0.2, 0.4, 0.4].map(Math.fround));
    expect([...averageOf(examples, counts, "gray")]).toEqual([6, 7, 8]);
    expect([...averageOf(part(examples, [height], 0, 4), height, "gray")]).toEqual([0.9375]);
  });
});

test("a part of a split is the same examples of each of its fields", () => {
  const { count, columns } = part(examples, [x, label, counts], 1, 3);
  expect(count).toBe(2);
  expect(columns).toEqual({
    x: Uint8Array.of(51, 51, 51, 51, 52, 52, 52, 52),
    label: Uint8Array.of(2, 1),
    counts: Float32Array.of(3, 4, 5, 6, 7, 8),
  });
  expect(part(examples, [label], 3, 100)).toEqual({ count: 2, columns: { label: Uint8Array.of(1, 2) } });
});

function passOver(set: Split, fields: readonly Field[], coding: PixelCoding = "gray") {
  const options = { fields, coding, batchSize: 2, epoch: 1, random: new RandomStream(0) };
  return trainingBatches(set, options);
}

describe("batches", () => {
  test("keep what belongs to an example together", () => {
    const seen: number[] = [];
    for (const { columns, count } of passOver(examples, [label, x, height, counts])) {
      expect(Object.keys(columns)).toEqual(["label", "x", "height", "counts"]);
      for (let i = 0; i < count; i++) {
        const example = Math.round(255 * columns["x"]![4 * i]!) - 50;
        const rowOf = (name: string, size: number) => [...columns[name]!.subarray(size * i, size * (i + 1))];
        expect(rowOf("label", 3).indexOf(1)).toBe(examples.columns["label"]![example]);
        expect(rowOf("height", 1)).toEqual([examples.columns["height"]![example]]);
        expect(rowOf("counts", 3)).toEqual([3 * example, 3 * example + 1, 3 * example + 2]);
        seen.push(example);
      }
    }
    expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  test.each(["binary-dynamic", "gray-dequantized"] as const)(
    "%s: pixels do not change with the other fields that are read, and two images differ in their noise",
    (coding) => {
      const evaluated = (fields: Field[]) =>
        evaluationBatches(examples, { fields, coding, batchSize: 2, random: new RandomStream(0) });
      for (const pass of [(fields: Field[]) => passOver(examples, fields, coding), evaluated]) {
        const xOf = (...fields: Field[]) => [...pass(fields)].flatMap(({ columns }) => [...columns["x"]!]);
        const alone = xOf(x);
        expect(alone).toHaveLength(20);
        expect(xOf(label, x, height)).toEqual(alone);
        const both = [...pass([x, other])].flatMap(({ columns }) => [columns["x"], columns["other"]]);
        expect(both.filter((_, i) => i % 2 === 0)).not.toEqual(both.filter((_, i) => i % 2 === 1));
      }
    },
  );
});
