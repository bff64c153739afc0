import { expect, test } from "vitest";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { withWholeRange } from "../../src/data/pixelRange.ts";

const fields = imageFields([1, 2, 1], 2);

function read(train: readonly number[], test?: readonly number[]) {
  const split = (pixels: readonly number[]) =>
    imageSplit(pixels.length / 2, Uint8Array.from(pixels), new Uint8Array(pixels.length / 2).fill(1));
  const warnings: string[] = [];
  const source = { fields, train: split(train), ...(test && { test: split(test) }), hashes: {} };
  const data = withWholeRange("idx", source, (text) => warnings.push(text));
  return {
    train: [...data.train.columns["x"]!],
    test: [...(data.test?.columns["x"] ?? [])],
    data,
    source,
    warnings,
  };
}

test("bytes from 0 to 255 are what they are", () => {
  const { data, source, warnings } = read([0, 1, 0, 128], [0, 1]);
  expect(data).toBe(source);
  expect(warnings).toEqual([]);
});

test("0 and 1 are black and white, in each split, and labels stay", () => {
  const { data, train, test, warnings } = read([0, 1, 1, 0], [0, 0]);
  expect([train, test]).toEqual([
    [0, 255, 255, 0],
    [0, 0],
  ]);
  expect([...data.train.columns["label"]!]).toEqual([1, 1]);
  expect(warnings).toEqual(["Every pixel of idx is 0 or 1: they are read as black and white, 0 and 255."]);
});

test("a test split of other bytes says that 1 is not white", () => {
  expect(read([0, 1], [0, 200])).toMatchObject({ train: [0, 1], warnings: [] });
});

test.each([
  [
    [0, 15],
    "The brightest pixel of idx is 15, and 255 is white: to the model its images are dark. If 15 is to be white, multiply the bytes by 17 first.",
  ],
  [
    [0, 127],
    "The brightest pixel of idx is 127, and 255 is white: to the model its images are dark. If 127 is to be white, multiply the bytes by 2.008 first.",
  ],
  [[0, 0], "Every pixel of idx is 0: all of its images are black."],
])("%j is told, and left as it is", (pixels, warning) => {
  const { data, source, warnings } = read(pixels);
  expect(data).toBe(source);
  expect(warnings).toEqual([warning]);
});
