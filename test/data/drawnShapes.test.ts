import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { drawnShapes } from "../../src/data/drawnShapes.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { FACTORS, generateShapes } from "../../src/data/shapes.ts";
import { contextIn, failureOf, hashOf, temporaryFolder } from "./files.ts";

const settings = { name: "shapes", size: 16, seed: 3, trainCount: 120, testCount: 10 };
const config = drawnShapes.schema.parse(settings);

test("shapes are drawn once and then read, with the factors of each image", async () => {
  const folder = await temporaryFolder();
  const first = contextIn(folder);
  const drawn = await drawnShapes.load(config, first);
  const { x: image, label, ...factors } = drawn.fields;
  expect(image).toEqual({ name: "x", shape: [16, 16, 3], kind: "bytes", show: "image" });
  expect(label).toMatchObject({
    kind: "class",
    classNames: ["ellipse", "triangle", "square", "cross", "star", "heart"],
  });
  expect(Object.keys(factors)).toEqual(Object.keys(FACTORS));
  expect(factors["hue"]).toEqual({ name: "hue", shape: [], kind: "real", show: "value" });
  // As they were drawn all at once, over the seam between two parts.
  for (const [split, count] of [
    ["train", 120],
    ["test", 10],
  ] as const) {
    // Vitest compares long arrays slowly.
    expect(isDeepStrictEqual(drawn[split], generateShapes({ seed: 3, split, side: 16, count }))).toBe(true);
  }
  expect(first.events.at(-1)).toEqual({ label: "drawing shapes", done: 130, total: 130, unit: "images" });

  const second = contextIn(folder);
  expect(isDeepStrictEqual(await drawnShapes.load(config, second), drawn)).toBe(true);
  expect(second.events).toEqual([]);

  // The files are for everybody: numpy's.
  const key = "version1-size16-seed3-120+10";
  const file = join(folder, "cache", "shapes", key, "train-hue.npy");
  expect(hashOf(await readFile(file))).toBe(drawn.hashes["train-hue.npy"]);
  const { dims, type, values } = (await openArrayFile(file, "file")).array("");
  expect([dims, type]).toEqual([[120], "float32"]);
  expect(values).toEqual(drawn.train.columns["hue"]);
});

test("factors stay with their images where these are held out", async () => {
  const folder = await temporaryFolder();
  const { columns } = generateShapes({ seed: 3, split: "train", side: 16, count: 120 });
  const dataset = await loadDataset(
    datasetSchema.parse({ ...settings, validation: 20, pixels: "binary-static" }),
    contextIn(folder),
  );
  expect(dataset.validation.columns["angle"]).toEqual(columns.angle.subarray(100));
  expect(dataset.train.columns["angle"]).toEqual(columns.angle.subarray(0, 100));
});

test("more than fits is refused before it is drawn", async () => {
  const folder = await temporaryFolder();
  const tooMany = (more: object) =>
    failureOf(drawnShapes.load({ ...config, ...more } as typeof config, contextIn(folder)));
  expect(await tooMany({ trainCount: 2e6, size: 256 })).toMatch(
    /^usage: dataset\.trainCount is 2000000 and dataset\.testCount 10, for which it takes at least 1\.2 TB of memory; .* Draw fewer\.$/,
  );
});
