import { join } from "node:path";
import { expect, test } from "vitest";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { pairs } from "../../src/data/pairs.ts";
import { contextIn, failureOf, folderWith, png } from "./files.ts";
import { bytes, encodeNpz, floats } from "./numpyFiles.ts";

const PATHS = ["path", "conditionPath", "testPath", "testConditionPath"];

/** The settings with paths below the folder. */
const settingsIn = (folder: string, settings: object) => ({
  name: "pairs",
  ...Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, PATHS.includes(key) ? join(folder, value) : value]),
  ),
});

const load = (folder: string, settings: object) =>
  pairs.load(pairs.schema.parse(settingsIn(folder, settings)), contextIn(folder));

const gray = (level: number) => [level, level, level];
const folders = { path: "x", conditionPath: "y" };

test("two folders, paired by name, each with a size of its own", async () => {
  const folder = await folderWith({
    "x/a.png": png(4, 4, gray(10)),
    "x/b.png": png(4, 4, gray(20)),
    "y/b.png": png(2, 1, [255, 0, 51]),
    "y/a.png": png(2, 1, gray(0)),
  });
  const { fields, train, hashes } = await load(folder, folders);
  expect(fields["x"]).toMatchObject({ shape: [4, 4, 1], kind: "bytes" });
  expect(fields["y"]).toEqual({ name: "y", shape: [1, 2, 3], kind: "real", show: "image" });
  expect([train.columns["x"]![0], train.columns["x"]![16]]).toEqual([10, 20]);
  expect([...train.columns["y"]!]).toEqual([...Array(6).fill(0), 1, 0, 0.2, 1, 0, 0.2].map(Math.fround));
  expect(Object.keys(hashes)).toEqual([join(folder, "x"), join(folder, "y")]);
});

test("test folders, and classes", async () => {
  const files = Object.fromEntries(
    ["x", "y", "tx", "ty"].flatMap((name, i) => [
      [`${name}/cat/1.png`, png(2, 2, gray(100 + i))],
      [`${name}/dog/1.png`, png(2, 2, gray(200 + i))],
    ]),
  );
  const { fields, test: held } = await load(await folderWith(files), {
    ...folders,
    testPath: "tx",
    testConditionPath: "ty",
  });
  expect(Object.keys(fields)).toEqual(["x", "label", "y"]);
  expect([...held!.columns["x"]!]).toEqual([102, 202].flatMap((level) => Array(4).fill(level)));
  expect([...held!.columns["y"]!]).toEqual(
    [103, 203].flatMap((level) => Array(4).fill(Math.fround(level / 255))),
  );
});

test("arrays: y of any shape, as it is", async () => {
  const y = (dims: readonly number[]) => floats(dims, (i) => i - 1.5);
  for (const [dims, shape, show] of [
    [[4], [], "value"],
    [[4, 5], [5], "value"],
    [[4, 3, 2], [3, 2, 1], "image"],
    [[4, 2, 2, 3], [2, 2, 3], "image"],
    [[4, 3, 2, 2], [2, 2, 3], "image"],
    [[4, 2, 2, 2], [2, 2, 2], "value"],
    [[4, 1, 2, 3, 2], [1, 2, 3, 2], "value"],
  ] as [number[], number[], string][]) {
    const folder = await folderWith({ "a.npz": encodeNpz({ x: bytes([4, 2, 2]), y: y(dims) }) });
    const { fields, train } = await load(folder, { path: "a.npz" });
    expect(fields["y"]).toEqual({ name: "y", shape, kind: "real", show });
    expect(Math.min(...train.columns["y"]!)).toBe(-1.5);
    // Channels come last, as x has them.
    if (dims.join() === "4,3,2,2") expect([...train.columns["y"]!.subarray(0, 3)]).toEqual([-1.5, 2.5, 6.5]);
  }
});

test("bytes of y are scaled to [0, 1], by one measure for training and test", async () => {
  const x = { x: bytes([2, 2, 2]), x_test: bytes([2, 2, 2]) };
  const yOf = async (y: Buffer, y_test: Buffer) => {
    const folder = await folderWith({ "a.npz": encodeNpz({ ...x, y, y_test }) });
    const { train, test: held } = await load(folder, { path: "a.npz" });
    return [...train.columns["y"]!, ...held!.columns["y"]!];
  };
  const mask = bytes([2, 1], (i) => i);
  const white = bytes([2, 1], () => 255);
  expect(await yOf(mask, mask)).toEqual([0, 1, 0, 1]);
  expect(await yOf(mask, white)).toEqual([0, Math.fround(1 / 255), 1, 1]);
});

test("two files", async () => {
  const folder = await folderWith({ "x.npy": bytes([4, 2, 2]), "y.npy": floats([4, 2], (i) => i) });
  const { fields, train } = await load(folder, { path: "x.npy", conditionPath: "y.npy" });
  expect([fields["y"]?.shape, [...train.columns["y"]!]]).toEqual([[2], [0, 1, 2, 3, 4, 5, 6, 7]]);
});

test("y goes with its x into every split, in memory that threads share", async () => {
  const folder = await folderWith({
    "a.npz": encodeNpz({ x: bytes([20, 1, 2], (i) => 100 + Math.floor(i / 2)), y: floats([20], (i) => i) }),
  });
  const config = datasetSchema.parse(settingsIn(folder, { path: "a.npz" }));
  const { train, validation, test: held } = await loadDataset(config, contextIn(folder));
  expect([train.count, validation.count, held.count]).toEqual([16, 2, 2]);
  for (const { columns } of [train, validation, held]) {
    expect([...columns["y"]!]).toEqual([...columns["x"]!].filter((_, i) => i % 2 === 0).map((v) => v - 100));
    expect(columns["y"]?.buffer).toBeInstanceOf(SharedArrayBuffer);
  }
});

test("x and y are changed in the same way", async () => {
  // levels rise to the right; of y in [0, 1], as masks have it
  const ramp = (white: number) => bytes([4, 2, 2], (i) => white * (i % 2));
  const folder = await folderWith({ "a.npz": encodeNpz({ x: ramp(200), y: ramp(1) }) });
  const config = settingsIn(folder, { path: "a.npz", transpose: true, invert: true, validation: 1 });
  const { train, fields } = await loadDataset(datasetSchema.parse(config), contextIn(folder));
  expect([...train.columns["x"]!.subarray(0, 4)]).toEqual([255, 255, 55, 55]);
  expect([...train.columns["y"]!.subarray(0, 4)]).toEqual([1, 1, 0, 0]);
  expect(fields["y"]!.shape).toEqual([2, 2, 1]);
});

test("sizes are those of x and of y; numbers that are no bytes are not changed in silence", async () => {
  const files = { x: bytes([4, 2, 2]), y: floats([4, 2, 2], (i) => i), z: floats([4, 3], (i) => i) };
  const folder = await folderWith({
    "a.npz": encodeNpz(files),
    "x/1.png": png(4, 2, gray(9)),
    "x/2.png": png(2, 2, gray(9)),
    "y/1.png": png(3, 3, gray(255)),
    "y/2.png": png(1, 1, gray(255)),
  });
  const { fields, train } = await load(folder, { ...folders, size: [2, 4], range: undefined });
  expect([fields["x"]!.shape, fields["y"]!.shape]).toEqual([
    [2, 4, 1],
    [2, 4, 1],
  ]);
  expect([...train.columns["y"]!]).toEqual(Array(16).fill(1));
  expect((await load(folder, { path: "a.npz", y: "z", size: 4 })).fields["y"]!.shape).toEqual([3]);
  expect(await failureOf(load(folder, { path: "a.npz", size: 4 }), folder)).toBe(
    "usage: TMP/a.npz, array y: images of other values than bytes, which dataset.size, transpose and invert do not change. " +
      "Save them as uint8, or change x and y before.",
  );
});

test("what is wrong is told with the file", async () => {
  const image = png(2, 2, gray(1));
  const named = (folder: string, ...names: number[]) =>
    Object.fromEntries(names.map((name) => [`${folder}/${name}.png`, image]));
  const x = bytes([4, 2, 2]);
  const told = [];
  for (const [files, settings] of [
    [{ ...named("x", 1, 2, 3, 4, 5, 6), ...named("y", 1, 7) }, folders],
    [{ ...named("x", 1, 2), ...named("y", 1, 2, 3) }, folders],
    [named("x", 1), { path: "x" }],
    [named("x", 1), { path: "x", conditionPath: "missing" }],
    [
      { ...named("x", 1), ...named("y", 1) },
      { ...folders, testPath: "x" },
    ],
    [
      { ...named("x", 1), ...named("y", 1) },
      { ...folders, testConditionPath: "y" },
    ],
    [
      { ...named("x", 1), ...named("y", 1) },
      { ...folders, shape: [2, 2] },
    ],
    [{}, { path: "missing" }],
    [{ "a.npz": encodeNpz({ x }) }, { path: "a.npz" }],
    [{ "a.npz": encodeNpz({ x, y: bytes([3, 2]) }) }, { path: "a.npz" }],
    [{ "a.npz": encodeNpz({ x, y: bytes([4, 0]) }) }, { path: "a.npz" }],
    [{ "a.npz": encodeNpz({ x, y: floats([4, 2], (i) => 1 / (i - 3)) }) }, { path: "a.npz" }],
    [{ "a.npz": encodeNpz({ x, y: bytes([4, 2]), x_test: x, y_test: bytes([4, 3]) }) }, { path: "a.npz" }],
    [{ "a.npz": encodeNpz({ x, y: bytes([4, 2]), x_test: x }) }, { path: "a.npz" }],
  ] as [Record<string, Buffer>, object][]) {
    const folder = await folderWith(files);
    told.push(await failureOf(load(folder, settings), folder));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: Each x needs a y of the same file name. 5 of 6 are in TMP/x but not in TMP/y: 2.png, 3.png, 4.png, …; 1 of 2 are in TMP/y but not in TMP/x: 7.png. Add the missing ones, or remove the others.
    failure: Each x needs a y of the same file name. 1 of 3 are in TMP/y but not in TMP/x: 3.png. Add the missing ones, or remove the others.
    usage: dataset.path TMP/x is a folder: name that of y by dataset.conditionPath.
    usage: TMP/missing is not a folder that can be read: there is no such file (ENOENT).
    usage: dataset.testPath needs dataset.testConditionPath, which is not set.
    usage: dataset.testConditionPath needs dataset.testPath, which is not set.
    usage: dataset.shape is for a .npz file, but TMP/x is a folder.
    usage: dataset.path is TMP/missing, which cannot be read: there is no such file (ENOENT).
    usage: TMP/a.npz has the array x, none of which is y or conditions or y_train or train_conditions. Name the one that it is: dataset.y.
    failure: TMP/a.npz, array y: an array of 3x2. Expected one y for each of the 4 images of TMP/a.npz, array x.
    failure: TMP/a.npz, array y: an array of 4x0, which holds nothing.
    failure: TMP/a.npz, array y: value 3 of them all is Infinity. Accepted: finite numbers of 32 bits.
    failure: TMP/a.npz, array y_test: examples of 3, but those of TMP/a.npz, array y are 2. Both must have one shape.
    usage: TMP/a.npz has the arrays x, y, x_test, none of which is y_test or conditions_test or test_conditions. Name the one that it is: dataset.y.
    "
  `);
});
