import { expect, test } from "vitest";
import type { Column } from "../../src/data/dataset.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { describePixels, type RangeSettings, withRange } from "../../src/data/pixelRange.ts";
import { failureOf } from "./files.ts";

function read(train: Column, settings: RangeSettings = {}, test?: Column) {
  const split = (pixels: Column) =>
    imageSplit(pixels.length / 2, pixels, new Uint8Array(pixels.length / 2).fill(1));
  const warnings: string[] = [];
  const source = {
    fields: imageFields([1, 2, 1], 2),
    train: split(train),
    ...(test && { test: split(test) }),
    hashes: { "images/": "" },
  };
  const data = withRange(source, settings, (text) => warnings.push(text));
  const { pixels } = data;
  return { data, source, warnings, train: [...data.train.columns["x"]!], told: describePixels(pixels!) };
}

const refusal = async (...given: Parameters<typeof read>) => failureOf((async () => read(...given))());

test("bytes from 0 to 255 are what they are", () => {
  const { data, source, warnings, told } = read(Uint8Array.of(0, 99, 0, 128), {}, Uint8Array.of(0, 99));
  expect(data.train).toBe(source.train);
  expect(warnings).toEqual([]);
  expect(told).toBe(
    "8 bits from 0 to 128, 3 distinct values, 50.0 % of them 0 and 16.7 % 128; 0 is black, 255 white",
  );
});

test("a test split of other bytes says what the range is", () => {
  expect(read(Uint8Array.of(0, 1), {}, Uint8Array.of(0, 200)).train).toEqual([0, 1]);
});

test("the values that are black and white become 0 and 255, in each split, and labels stay", () => {
  const masks = read(Uint8Array.of(0, 1, 1, 0), { range: [0, 1] }, Uint8Array.of(0, 0));
  expect(masks.train).toEqual([0, 255, 255, 0]);
  expect([...masks.data.test!.columns["x"]!]).toEqual([0, 0]);
  expect([...masks.data.train.columns["label"]!]).toEqual([1, 1]);
  expect(read(Float32Array.of(-1, -0.5, 0, 1), { range: [-1, 1] }).train).toEqual([0, 64, 128, 255]); // 255 (v + 1) / 2
  expect(read(Uint16Array.of(0, 4095, 2048, 1), { range: [0, 4095], depth: 8 }).train).toEqual([
    0, 255, 128, 0,
  ]);
});

test("auto takes the narrowest usual range", () => {
  const rangeOf = (values: Column) => read(values, { range: "auto" }).data.pixels!.range;
  expect(rangeOf(Uint8Array.of(0, 1))).toEqual([0, 1]);
  expect(rangeOf(Uint8Array.of(0, 15))).toEqual([0, 255]);
  expect(rangeOf(Uint16Array.of(0, 199))).toEqual([0, 255]);
  expect(rangeOf(Uint16Array.of(0, 4000))).toEqual([0, 4095]);
  expect(rangeOf(Float32Array.of(-0.5, 0.5))).toEqual([-1, 1]);
  expect(rangeOf(Float32Array.of(-3, 4))).toEqual([-3, 4]);
});

test("values that cannot be of the range of their type are asked for, with the line to type", async () => {
  const told = [
    await refusal(Uint8Array.of(0, 1, 1, 1)),
    await refusal(Uint8Array.of(0, 15)),
    await refusal(Uint16Array.of(3, 4090)),
    await refusal(Uint16Array.of(0, 199)),
    await refusal(Float32Array.of(0, 0.25)),
    await refusal(Float32Array.of(-3, 400)),
    await refusal(Float32Array.of(Number.NaN, Number.NaN)),
    await refusal(Float32Array.of(0, Number.POSITIVE_INFINITY), { range: "auto" }),
    await refusal(Float32Array.of(70000.5, 70000.5), { range: "auto" }),
    await refusal(Float32Array.of(0, 0.5, 0, 1.25), { range: [0, 1] }),
    await refusal(Float32Array.of(0, Number.NaN), { range: [0, 1] }),
  ];
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    usage: images/: 8 bits from 0 to 1, 2 distinct values, 25.0 % of them 0 and 75.0 % 1. That leaves 7 of the bits unused: with 255 as white, all of its images are nearly black. Say which values are black and white: --dataset.range 0,1, or in a file dataset.range: [0, 1]; 0,255 takes them as they are. --dataset.range auto takes 0,1.
    usage: images/: 8 bits from 0 to 15, 2 distinct values, 50.0 % of them 0 and 50.0 % 15. That leaves 4 of the bits unused: with 255 as white, all of its images are nearly black. Say which values are black and white: --dataset.range 0,15, or in a file dataset.range: [0, 15]; 0,255 takes them as they are. --dataset.range auto takes 0,255.
    usage: images/: 16 bits from 3 to 4090, 2 distinct values, 50.0 % of them 3 and 50.0 % 4090. That leaves 4 of the bits unused: with 65535 as white, all of its images are nearly black. Say which values are black and white: --dataset.range 0,4095, or in a file dataset.range: [0, 4095]; 3,4090 makes the largest white, and 0,65535 takes them as they are. --dataset.range auto takes 0,4095.
    usage: images/: 16 bits from 0 to 199, 2 distinct values, 50.0 % of them 0 and 50.0 % 199. That leaves 8 of the bits unused: with 65535 as white, all of its images are nearly black. Say which values are black and white: --dataset.range 0,255, or in a file dataset.range: [0, 255]; 0,199 makes the largest white, and 0,65535 takes them as they are. --dataset.range auto takes 0,255.
    usage: images/: numbers from 0 to 0.25, 2 distinct values, 50.0 % of them 0 and 50.0 % 0.25. Which of them are black and white is not known. Say which values are black and white: --dataset.range 0,1, or in a file dataset.range: [0, 1]. --dataset.range auto takes 0,1.
    usage: images/: numbers from -3 to 400, 2 distinct values, 50.0 % of them -3 and 50.0 % 400. Which of them are black and white is not known. Say which values are black and white: --dataset.range -3,400, or in a file dataset.range: [-3, 400]. --dataset.range auto takes -3,400.
    failure: images/: none of the values of its pixels is a number.
    failure: images/: numbers from 0 to Infinity, 2 distinct values, 50.0 % of them 0 and 50.0 % Infinity, of which dataset.range auto can make nothing. Name the values that are black and white, such as --dataset.range 0,1.
    failure: images/: numbers from 70000.5 to 70000.5, 1 distinct value, of which dataset.range auto can make nothing. Name the values that are black and white, such as --dataset.range 0,1.
    failure: images/: value 1 of image 1 of a part is 1.25, outside of dataset.range [0, 1].
    failure: images/: value 1 of image 0 of a part is NaN, outside of dataset.range [0, 1].
    "
  `);
});

test("dark images are told, and left as they are", () => {
  const { data, source, warnings } = read(Uint8Array.of(0, 64));
  expect(data.train).toBe(source.train);
  expect(warnings).toEqual([
    "The brightest pixel of images/ is 64, and 255 is white: to the model its images are dark. If 64 is to be white: --dataset.range 0,64.",
  ]);
});

test("black images are told, and left as they are", () => {
  const { data, source, warnings } = read(Uint8Array.of(0, 0));
  expect(data.train).toBe(source.train);
  expect(warnings).toEqual(["Every pixel of images/ is 0: all of its images are black."]);
});
