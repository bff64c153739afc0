import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodeIdx } from "../../src/data/idx.ts";
import { idxFiles } from "../../src/data/idxFiles.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, failureOf, folderWith, hashOf, tinyImages } from "./files.ts";

const { images, labels } = tinyImages(30);

/** Loads with the settings that name files taken below `folder`. */
const load = (folder: string, settings: Readonly<Record<string, string>>) =>
  idxFiles.load(
    idxFiles.schema.parse({
      name: "idx",
      ...Object.fromEntries(Object.entries(settings).map(([key, file]) => [key, join(folder, file)])),
    }),
    contextIn(folder),
  );

test("own files with labels and a test set, plain and gzip", async () => {
  const other = tinyImages(5);
  const folder = await folderWith({ train: gzipSync(images), labels: labels, test: other.images });
  const data = await load(folder, { trainImages: "train", trainLabels: "labels", testImages: "test" });
  expect(data.fields["x"]?.shape).toEqual([2, 3, 1]);
  expect([data.train.count, data.test?.count]).toEqual([30, 5]);
  expect(data.train.columns["label"]?.length).toBe(30);
  expect(data.fields["label"]).toMatchObject({ kind: "class", classCount: 3 });
  expect(Object.keys(data.test!.columns)).toEqual(["x"]);
  expect(data.hashes[join(folder, "train")]).toBe(hashOf(images)); // of what is in the gzip file
});

test("labels go with their images into every split", async () => {
  const folder = await folderWith({ train: images, labels });
  const paths = { trainImages: join(folder, "train"), trainLabels: join(folder, "labels") };
  const dataset = await loadDataset(
    datasetSchema.parse({ name: "idx", ...paths, range: [0, 255] }),
    contextIn(folder),
  );
  const all = [dataset.train, dataset.test, dataset.validation];
  expect(all.map(({ columns }) => columns["label"]?.length)).toEqual([24, 3, 3]);
  // The first pixel of an image tells its index, and its label is that modulo 3.
  const order = all.flatMap(({ columns }) => [...columns["x"]!].filter((_, i) => i % 6 === 0));
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(all.flatMap(({ columns }) => [...columns["label"]!])).toEqual(order.map((i) => i % 3));
  expect([...dataset.validation.columns["label"]!].sort()).toEqual([0, 1, 2]);
  for (const { columns } of all) expect(columns["label"]?.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test("there are as many classes as the highest label of any split says", async () => {
  const test = tinyImages(4);
  const folder = await folderWith({
    train: images,
    test: test.images,
    labels,
    high: test.labels.with(-1, 7),
  });
  const files = { trainImages: "train", testImages: "test" };
  const classCount = async (more: Record<string, string>) =>
    (await load(folder, { ...files, ...more })).fields["label"];
  expect(await classCount({ trainLabels: "labels", testLabels: "high" })).toMatchObject({ classCount: 8 });
  expect(await classCount({ testLabels: "high" })).toMatchObject({ classCount: 8 });
  expect(await classCount({})).toBeUndefined();
});

test("RGB images of any size", async () => {
  const rgb = encodeIdx({ dims: [4, 5, 7, 3], data: new Uint8Array(4 * 5 * 7 * 3) });
  const data = await load(await folderWith({ rgb }), { trainImages: "rgb" });
  expect(data.fields["x"]?.shape).toEqual([5, 7, 3]);
});

test("without a test file, a tenth goes to validation and a tenth to test", async () => {
  const folder = await folderWith({ train: images });
  const config = datasetSchema.parse({
    name: "idx",
    trainImages: join(folder, "train"),
    range: [0, 255],
  });
  const dataset = await loadDataset(config, contextIn(folder));
  expect([dataset.train.count, dataset.test.count, dataset.validation.count]).toEqual([24, 3, 3]);
});

test("what is wrong is told with the file", async () => {
  const folder = await folderWith({
    images,
    labels,
    short: tinyImages(29).labels,
    wide: encodeIdx({ dims: [4, 2, 4], data: new Uint8Array(32) }),
    planes: encodeIdx({ dims: [4, 3, 2, 2], data: new Uint8Array(48) }),
    cut: images.subarray(0, 100),
  });
  const told = [];
  for (const settings of [
    { trainImages: "missing" },
    { trainImages: "cut" },
    { trainImages: "labels" },
    { trainImages: "planes" },
    { trainImages: "images", trainLabels: "short" },
    { trainImages: "images", trainLabels: "images" },
    { trainImages: "images", testImages: "wide" },
    { trainImages: "images", testLabels: "labels" },
  ] as Record<string, string>[]) {
    told.push(await failureOf(load(folder, settings), folder));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    usage: dataset.trainImages is TMP/missing, which cannot be read: there is no such file (ENOENT).
    failure: TMP/cut: expected 196 bytes for 30 images of 2x3, the file ends at byte 100.
    failure: TMP/labels: an array of 30 bytes. Accepted for dataset.trainImages: [count, height, width] or [count, height, width, channels] with 1 or 3 channels.
    failure: TMP/planes: an array of 4x3x2x2 bytes. Accepted for dataset.trainImages: [count, height, width] or [count, height, width, channels] with 1 or 3 channels.
    failure: TMP/short: an array of 29 bytes. Expected one label for each of the 30 images of TMP/images.
    failure: TMP/images: an array of 30x2x3 bytes. Expected one label for each of the 30 images of TMP/images.
    failure: TMP/wide: images of 2x4x1, but those of TMP/images are 2x3x1 (height x width x channels). Both must have one size.
    usage: dataset.testLabels needs dataset.testImages, which is not set.
    "
  `);
});
