import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { npzFiles } from "../../src/data/npzFiles.ts";
import { contextIn, failureOf, hashOf, temporaryFolder } from "./files.ts";
import { bytes, encodeNpy, encodeNpz, floats } from "./numpyFiles.ts";

const int64 = (dims: readonly number[], values: readonly number[]) =>
  encodeNpy({ descr: "<i8", dims, data: BigInt64Array.from(values.map(BigInt)) });

async function load(content: Uint8Array, settings: object = {}, testContent?: Uint8Array) {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const [path, testPath] = [join(folder, "a.npz"), join(folder, "test.npz")];
  await writeFile(path, content);
  if (testContent) await writeFile(testPath, testContent);
  const config = { name: "npz", path, ...(testContent && { testPath }), ...settings };
  const data = npzFiles.load(
    npzFiles.schema.parse(config),
    contextIn(folder, { warn: (text) => warnings.push(text.replaceAll(folder, "TMP")) }),
  );
  return { folder, path, data, warnings };
}

const loaded = async (...given: Parameters<typeof load>) => (await load(...given)).data;

test("bytes with classes, by their usual names", async () => {
  const content = encodeNpz({ x: bytes([4, 2, 3]), y: int64([4], [2, 0, 1, 0]) });
  const { data, path } = await load(content);
  const { fields, train, test, hashes } = await data;
  expect(fields["x"]).toEqual({ name: "x", shape: [2, 3, 1], kind: "bytes", show: "image" });
  expect(fields["label"]).toMatchObject({ kind: "class", classCount: 3 });
  expect(train).toEqual({
    count: 4,
    columns: { x: Uint8Array.from({ length: 24 }, (_, i) => i), label: Uint8Array.of(2, 0, 1, 0) },
  });
  expect(test).toBeUndefined();
  expect(hashes).toEqual({ [path]: hashOf(content) });
});

test.each([
  ["[N, H, W, C]", [2, 2, 2, 3], [2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ["[N, C, H, W]", [2, 3, 2, 2], [2, 2, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
  ["[N, 1, H, W]", [2, 1, 2, 2], [2, 2, 1], [0, 1, 2, 3]],
  ["[N, H, W, C] where both may be", [2, 3, 2, 3], [3, 2, 3], [0, 1, 2]],
])("%s", async (_form, dims, shape, first) => {
  const { fields, train } = await loaded(bytes(dims));
  expect(fields["x"]?.shape).toEqual(shape);
  expect([...train.columns["x"]!].slice(0, first.length)).toEqual(first);
});

test("[N, D] with a shape", async () => {
  const { fields, train } = await loaded(bytes([5, 6]), { shape: [2, 3] });
  expect(fields["x"]?.shape).toEqual([2, 3, 1]);
  expect(train.count).toBe(5);
});

test("numbers in a declared range become bytes", async () => {
  const values = [-1, -0.5, 0, 1];
  const content = floats([9, 2, 2], (i) => values[i % 4]!);
  const { path } = await load(content);
  const config = { name: "npz", path, range: [-1, 1], split: { order: "file" } };
  const { train } = await loadDataset(datasetSchema.parse(config), contextIn(""));
  expect([...train.columns["x"]!].slice(0, 4)).toEqual([0, 64, 128, 255]); // 255 (v + 1) / 2, rounded
  expect(await failureOf(loadDataset(datasetSchema.parse({ name: "npz", path }), contextIn("")))).toMatch(
    /numbers from -1 to 1, 4 distinct values, 25.0 % of them -1 and 25.0 % 1\. Which of them are black/,
  );
});

test("16 bits stay 16 bits until their range is known", async () => {
  const content = encodeNpy({ descr: "<u2", dims: [1, 1, 2], data: Uint8Array.of(255, 15, 7, 0) });
  expect((await loaded(content)).train.columns["x"]).toEqual(Uint16Array.of(4095, 7));
});

test("test and validation arrays, in the file or in one of their own", async () => {
  const arrays = { train_images: bytes([9, 2, 2]), train_labels: bytes([9, 1], (i) => i % 2) };
  const testArrays = { test_images: bytes([3, 2, 2]), test_labels: bytes([3, 1], () => 4) };
  const valArrays = { val_images: bytes([2, 2, 2]), val_labels: bytes([2, 1], () => 1) };
  const medMnist = await loaded(encodeNpz({ ...arrays, ...valArrays, ...testArrays }));
  expect([medMnist.train, medMnist.validation, medMnist.test].map((split) => split?.count)).toEqual([
    9, 2, 3,
  ]);
  expect(medMnist.fields["label"]).toMatchObject({ classCount: 5 });
  expect([...medMnist.test!.columns["label"]!]).toEqual([4, 4, 4]);

  const other = await loaded(encodeNpz(arrays), {}, encodeNpz({ x: bytes([4, 2, 2]) }));
  expect([other.test?.count, Object.keys(other.test!.columns)]).toEqual([4, ["x"]]);

  const unread = await load(encodeNpz({ ...arrays, ...valArrays }));
  expect((await unread.data).validation).toBeUndefined();
  expect(unread.warnings).toEqual(["TMP/a.npz, array val_images is not read, as there are no test images."]);
});

test("the settings name other arrays; the only one needs no name", async () => {
  const content = encodeNpz({ imgs: bytes([4, 2, 2]), shapes: bytes([4], (i) => i % 3) });
  const { train } = await loaded(content, { x: "imgs", labels: "shapes" });
  expect([...train.columns["label"]!]).toEqual([0, 1, 2, 0]);
  expect((await loaded(encodeNpz({ arr_0: bytes([4, 2, 2]) }))).train.count).toBe(4);
});

test("images that are last come first, as soon as that is said", async () => {
  const content = bytes([8, 8, 20], (i) => i % 20);
  const { train, fields } = await loaded(content, { examples: "last" });
  expect([train.count, fields["x"]!.shape]).toEqual([20, [8, 8, 1]]);
  expect([...train.columns["x"]!]).toEqual(Array.from({ length: 1280 }, (_, i) => i >> 6));
  const asStored = await loaded(content, { examples: "first" });
  expect([asStored.train.count, asStored.fields["x"]!.shape]).toEqual([8, [8, 20, 1]]);
});

test("an array tells which images belong together", async () => {
  const content = encodeNpz({ x: bytes([6, 2, 2]), patient: int64([6], [7, 7, 9, 9, 9, 1]) });
  const split = { order: "group", by: "patient" };
  expect((await loaded(content, { split })).groups).toEqual(["7", "7", "9", "9", "9", "1"]);
  const { folder, data } = await load(content, { split: { order: "group" } });
  expect(await failureOf(data, folder)).toBe(
    "usage: dataset.split.order is group, but TMP/a.npz has no array groups. " +
      "Name the one that says which images belong together: dataset.split.by.",
  );
});

test("0 and 1, as bool has them, are black and white", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "masks.npy");
  await writeFile(path, encodeNpy({ descr: "|b1", dims: [20, 1, 2], data: new Uint8Array(40).fill(1) }));
  const { train } = await loadDataset(datasetSchema.parse({ name: "npz", path }), contextIn(folder));
  expect(new Set(train.columns["x"])).toEqual(new Set([255]));
});

test("what is wrong is told with the array and the line to type", async () => {
  const x = bytes([4, 2, 2]);
  const told = [];
  for (const [arrays, settings, testArrays] of [
    [{ x: bytes([4, 784]) }],
    [{ x: bytes([4, 6]) }, { shape: [2, 2] }],
    [{ x }, { shape: [2, 2] }],
    [{ x: bytes([4, 2, 2, 2]) }],
    [{ x: bytes([0, 2, 2]) }],
    [{ x: bytes([]) }],
    [{ x, y: bytes([3]) }],
    [{ x, y: floats([4], (i) => i / 2) }],
    [{ x, y: bytes([4, 10]) }],
    [{ a: x, b: x }],
    [{ a: x, b: x }, { x: "c" }],
    [{ x, x_test: bytes([4, 2, 3]) }],
    [{ x, x_test: x }, {}, { x }],
    [{ x, x_val: x, x_test: x }, { validation: 1 }],
  ] as [Record<string, Buffer>, object?, Record<string, Buffer>?][]) {
    const { folder, data } = await load(encodeNpz(arrays), settings, testArrays && encodeNpz(testArrays));
    told.push(await failureOf(data, folder));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: TMP/a.npz, array x: an array of 4x784, whose rows may be images of any shape. Set dataset.shape to height and width, such as [28, 28].
    failure: TMP/a.npz, array x: an array of 4x6, whose rows are no images of 2x2. Set dataset.shape to height and width, such as [1, 6].
    failure: TMP/a.npz, array x: an array of 4x2x2, which says the shape of an image itself: leave dataset.shape out.
    failure: TMP/a.npz, array x: an array of 4x2x2x2. Accepted: [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels, or [N, D] with dataset.shape.
    failure: TMP/a.npz, array x: an array of 0x2x2, which holds nothing.
    failure: TMP/a.npz, array x: an array of no dimensions. Accepted: [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels, or [N, D] with dataset.shape.
    failure: TMP/a.npz, array y: an array of 3. Expected one class for each of the 4 images. What is no class goes with the images by dataset.name: pairs.
    failure: TMP/a.npz, array y: the value at [1] is 0.5. Expected classes, whole numbers from 0 to 255. What is no class goes with the images by dataset.name: pairs.
    failure: TMP/a.npz, array y: an array of 4x10. Expected one class for each of the 4 images. What is no class goes with the images by dataset.name: pairs.
    usage: TMP/a.npz has the arrays a, b, none of which is x or images or x_train or train_images. Name the one that it is: dataset.x.
    usage: dataset.x is c, but TMP/a.npz has the arrays a, b.
    failure: TMP/a.npz, array x_test: examples of 2x3x1, but those of TMP/a.npz, array x are 2x2x1. Both must have one shape.
    usage: TMP/a.npz, array x_test has test images, and so has dataset.testPath, TMP/test.npz: leave one of them out.
    usage: dataset.validation is 1, but TMP/a.npz, array x_val has validation images: leave it out.
    "
  `);
});
