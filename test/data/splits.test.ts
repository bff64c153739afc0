import { describe, expect, test } from "vitest";
import type { SourceData, Split } from "../../src/data/dataset.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { datasetNames, datasetSchema, datasets } from "../../src/data/index.ts";
import { holdOut } from "../../src/data/splits.ts";
import { failureOf } from "./files.ts";

/** Images of two pixels, both `first`, `first` + 1, …; labels likewise. */
function imagesFrom(first: number, count: number): Split {
  const pixels = Uint8Array.from({ length: 2 * count }, (_, i) => first + Math.floor(i / 2));
  const labels = Uint8Array.from({ length: count }, (_, i) => first + i);
  return imageSplit(count, pixels, labels);
}

const source = (train: number, test?: number): SourceData => ({
  fields: imageFields([1, 2, 1], 256),
  train: imagesFrom(0, train),
  ...(test !== undefined && { test: imagesFrom(200, test) }),
  hashes: {},
});

const labelsOf = ({ columns }: Split) => [...columns["label"]!];

test("validation is the end of the training images", () => {
  const { train, validation, test } = holdOut(source(10, 4), { name: "x", validation: 3 });
  expect(labelsOf(train)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(labelsOf(validation)).toEqual([7, 8, 9]);
  expect(labelsOf(test)).toEqual([200, 201, 202, 203]);
  for (const set of [train, validation, test]) {
    expect(set.columns["x"]?.length).toBe(2 * set.count);
    expect([...set.columns["x"]!].filter((_, i) => i % 2 === 0)).toEqual(labelsOf(set));
  }
});

test("a missing test set is held out too, before validation", () => {
  const { train, validation, test } = holdOut(source(10), { name: "x", validation: 3 });
  expect([labelsOf(train), labelsOf(test), labelsOf(validation)]).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);
});

test.each([
  [100, undefined, 10, 80],
  [9, undefined, 1, 7],
  [3, undefined, 1, 1],
  [2, 5, 1, 1],
])("by default a tenth: of %i images (test %s) %i", (count, testCount, held, left) => {
  const { train, validation, test } = holdOut(source(count, testCount), { name: "x" });
  expect([train.count, validation.count, test.count]).toEqual([left, held, testCount ?? held]);
});

test("limit shortens each split from its beginning, after validation is held out", () => {
  const limited = holdOut(source(10, 4), { name: "x", validation: 3, limit: 2 });
  expect([limited.train, limited.validation, limited.test].map(labelsOf)).toEqual([
    [0, 1],
    [7, 8],
    [200, 201],
  ]);
  const generous = holdOut(source(10, 4), { name: "x", validation: 3, limit: 100 });
  expect([generous.train.count, generous.validation.count, generous.test.count]).toEqual([7, 3, 4]);
});

/** The places of 12 of 90 + 30 images by seed 0. */
const FROZEN = [15, 62, 109, 87, 23, 63, 90, 77, 30, 45, 103, 76];

describe("shuffled", () => {
  /** 90 of class 0, then 30 of class 1; the first pixel is the place. */
  const sorted: SourceData = {
    fields: imageFields([1, 1, 1], 2),
    train: imageSplit(
      120,
      Uint8Array.from({ length: 120 }, (_, i) => i),
      Uint8Array.from({ length: 120 }, (_, i) => (i < 90 ? 0 : 1)),
    ),
    hashes: {},
  };
  const draw = (seed: number, more: object = {}) =>
    holdOut(sorted, { name: "x", validation: 12, split: { order: "shuffled", seed }, ...more });
  const placesIn = ({ columns }: Split) => [...columns["x"]!];

  test("each part has the classes in their shares, and each image is in one", () => {
    const { train, validation, test, places } = draw(0);
    for (const [part, count] of [
      [train, 96],
      [validation, 12],
      [test, 12],
    ] as const) {
      expect(part.count).toBe(count);
      expect(labelsOf(part).filter((label) => label === 1).length).toBe(count / 4);
      expect(part.columns["x"]!.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
    const all = [train, validation, test].flatMap(placesIn);
    expect(all.toSorted((a, b) => a - b)).toEqual(placesIn(sorted.train));
    expect(placesIn(validation)).toEqual([...places!.validation]);
  });

  test("is a function of the seed alone, the same on every machine", () => {
    expect(placesIn(draw(0).validation)).toEqual(FROZEN);
    expect(placesIn(draw(1).validation)).not.toEqual(FROZEN);
    expect(placesIn(draw(0, { limit: 5 }).validation)).toEqual(FROZEN.slice(0, 5));
  });

  test("a rare class stays in training", () => {
    const labels = new Uint8Array(120).fill(1, 119);
    const rare = { ...sorted, train: imageSplit(120, sorted.train.columns["x"] as Uint8Array, labels) };
    for (let seed = 0; seed < 5; seed++) {
      const { train } = holdOut(rare, { name: "x", split: { order: "shuffled", seed } });
      expect(labelsOf(train)).toContain(1);
    }
  });

  test("test may be of another size", () => {
    const { train, validation, test } = holdOut(sorted, {
      name: "x",
      validation: 10,
      split: { order: "shuffled", seed: 0, test: 40 },
    });
    expect([train.count, validation.count, test.count]).toEqual([70, 10, 40]);
  });
});

describe("groups", () => {
  const grouped = (sizes: readonly number[]): SourceData => {
    const groups = sizes.flatMap((size, i) => Array.from({ length: size }, () => `group ${i}`));
    return { ...source(groups.length), groups };
  };
  const split = { order: "group", seed: 0 } as const;

  test("stay together, in parts of no more than what is asked for", () => {
    for (let seed = 0; seed < 5; seed++) {
      const { train, validation, test } = holdOut(grouped([3, 5, 4, 6, 2, 1, 7, 3, 4, 5]), {
        name: "x",
        validation: 8,
        split: { ...split, seed },
      });
      const names = grouped([3, 5, 4, 6, 2, 1, 7, 3, 4, 5]).groups!;
      const groupsIn = (set: Split) => new Set(labelsOf(set).map((place) => names[place]));
      const [a, b, c] = [train, validation, test].map(groupsIn) as [Set<string>, Set<string>, Set<string>];
      expect(a.size + b.size + c.size).toBe(10);
      expect(train.count + validation.count + test.count).toBe(40);
      for (const part of [validation, test]) {
        expect(part.count).toBeGreaterThan(0);
        expect(part.count).toBeLessThanOrEqual(8);
      }
    }
  });

  test("too large, too few or unknown ones are an error with the way on", async () => {
    const told = [];
    for (const data of [grouped([20, 20]), grouped([40]), source(40)]) {
      const held = async () => holdOut(data, { name: "idx", validation: 4, split });
      told.push(await failureOf(held()));
    }
    expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      usage: dataset.split.order is group, but 2 groups of 20 images cannot be parted: validation takes whole groups of up to 4 images, and so does test of up to 4. Set dataset.validation to more, or dataset.split.by to what makes more groups.
      usage: dataset.split.order is group, but 1 group of 40 images cannot be parted: validation takes whole groups of up to 4 images, and so does test of up to 4. Set dataset.validation to more, or dataset.split.by to what makes more groups.
      usage: dataset.split.order is group, but idx has nothing that tells which images belong together. Accepted here: shuffled, file. Images in folders are grouped by their names, those of .npz files by an array.
      "
    `);
  });
});

test("a source that has its own three parts keeps them", () => {
  const given = { ...source(10, 4), validation: imagesFrom(100, 5) };
  const { train, validation, test } = holdOut(given, { name: "x", limit: 6 });
  expect([train, validation, test].map(labelsOf)).toEqual([
    [0, 1, 2, 3, 4, 5],
    [100, 101, 102, 103, 104],
    [200, 201, 202, 203],
  ]);
});

test("images without labels stay without", () => {
  const train = imageSplit(10, imagesFrom(0, 10).columns["x"] as Uint8Array);
  const held = holdOut({ ...source(1), train }, { name: "x" });
  for (const set of [held.train, held.validation, held.test]) expect(Object.keys(set.columns)).toEqual(["x"]);
});

test("too few images are an error that says how many are accepted", async () => {
  const split = async (...[train, test, validation]: [number, number?, number?]) =>
    holdOut(source(train, test), { name: "images", validation });
  const told = [
    await failureOf(split(10, 4, 10)),
    await failureOf(split(10, undefined, 5)),
    await failureOf(split(2)),
    await failureOf(split(1, 4)),
  ];
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    usage: dataset.validation is 10, but images has 10 training images: none would be left to train on. Accepted: 1 to 9.
    usage: dataset.validation is 5, but images has 10 training images, of which as many again are held out for test: none would be left to train on. Accepted: 1 to 4.
    usage: images has 2 training images, too few to hold out one for test and one for validation and still train. It takes at least 3.
    usage: images has 1 training image, too few to hold out one for validation and still train. It takes at least 2.
    "
  `);
});

test("every dataset has the common settings, with text", () => {
  expect(datasetNames.length).toBeGreaterThan(1);
  for (const name of datasetNames) {
    const { shape } = datasets[name].schema;
    expect(shape.name.value).toBe(name);
    for (const [setting, schema] of Object.entries(shape)) {
      expect(schema.description, `${name}.${setting}`).toBeTruthy();
    }
    const ofImages = ["pixels", ...(name === "binarized-mnist" ? [] : ["validation", "split"])];
    const common = ["limit", ...(name === "table" ? [] : ofImages)];
    expect(Object.keys(shape)).toEqual(expect.arrayContaining(common));
  }
});

test("defaults and unknown settings", () => {
  expect(datasetSchema.parse({ name: "mnist" })).toEqual({
    name: "mnist",
    validation: 5000,
    split: { order: "auto", seed: 0 },
    pixels: "auto",
  });
  expect(datasetSchema.safeParse({ name: "mnist", path: "x" }).success).toBe(false);
  expect(datasetSchema.safeParse({ name: "images" }).success).toBe(false);
  expect(datasetSchema.safeParse({ name: "mnist", validation: 0 }).success).toBe(false);
});
