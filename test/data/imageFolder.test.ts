import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { imageFolder } from "../../src/data/imageFolder.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, failureOf, folderWith, png, temporaryFolder } from "./files.ts";

const gray = (level: number) => [level, level, level];

const load = (settings: object, folder = "") =>
  imageFolder.load(imageFolder.schema.parse({ name: "images", ...settings }), contextIn(folder));

test("grey images in the order of their names", async () => {
  const folder = await folderWith({
    "b.png": png(3, 2, gray(20)),
    "a10.png": png(3, 2, gray(10)),
    "A.PNG": png(3, 2, gray(5)),
    ".hidden.png": "not read",
    "notes.txt": "not read",
  });
  const data = await load({ path: folder });
  expect(data.fields["x"]?.shape).toEqual([2, 3, 1]);
  expect([...data.train.columns["x"]!]).toEqual([5, 10, 20].flatMap((level) => Array(6).fill(level)));
  expect(Object.keys(data.fields)).toEqual(["x"]);
  expect(Object.keys(data.train.columns)).toEqual(["x"]);
  expect(data.test).toBeUndefined();
  expect(data.hashes[folder]).toMatch(/^[0-9a-f]{64}$/);
});

test("one coloured image makes all RGB; `channels` decides otherwise", async () => {
  const folder = await folderWith({ "a.png": png(1, 1, gray(100)), "b.png": png(1, 1, [255, 0, 0]) });
  const rgb = await load({ path: folder });
  expect(rgb.fields["x"]?.shape).toEqual([1, 1, 3]);
  expect([...rgb.train.columns["x"]!]).toEqual([100, 100, 100, 255, 0, 0]);
  const forced = await load({ path: folder, channels: 1 });
  expect([...forced.train.columns["x"]!]).toEqual([100, 76]); // 0.299 * 255 = 76.2
  expect(
    (await load({ path: await folderWith({ "a.png": png(1, 1, gray(7)) }), channels: 3 })).fields["x"]?.shape,
  ).toEqual([1, 1, 3]);
});

test("subfolders are classes, and every stretch of the images holds all of them", async () => {
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < 8; i++) files[`cats/${i}.png`] = png(1, 1, gray(i));
  for (let i = 0; i < 4; i++) files[`dogs/${i}.png`] = png(1, 1, gray(100 + i));
  const folder = await folderWith(files);
  const data = await load({ path: folder });
  expect(data.fields["label"]).toMatchObject({ kind: "class", classCount: 2, classNames: ["cats", "dogs"] });
  expect([...data.train.columns["label"]!]).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0]);
  expect([...data.train.columns["x"]!]).toEqual([0, 100, 1, 2, 101, 3, 4, 102, 5, 6, 103, 7]);
});

test("links are followed, and what is not read is told", async () => {
  const image = png(1, 1, gray(1));
  const elsewhere = await folderWith({ "1.png": png(1, 1, gray(2)) });
  const path = await folderWith({
    "cats/1.png": image,
    "cats/a.txt": "",
    "cats/b.txt": "",
    "cats/small/1.png": png(1, 1, gray(3)),
    "birds/.keep": "",
    "notes.txt": "",
  });
  await symlink(elsewhere, join(path, "dogs"));
  await symlink(path, join(path, "cats", "again"));
  const warnings: string[] = [];
  const context = contextIn("", { warn: (text) => warnings.push(text.replaceAll(path, "TMP")) });
  const data = await imageFolder.load(imageFolder.schema.parse({ name: "images", path }), context);
  expect(data.fields["label"]).toMatchObject({ classNames: ["birds", "cats", "cats/small", "dogs"] });
  expect([...data.train.columns["x"]!]).toEqual([1, 3, 2]);
  expect(warnings).toEqual([
    "TMP/birds is a class without images.",
    "TMP/cats/again is a link to a folder that it is in itself, and is not followed.",
    "TMP/cats: files that are no PNG, JPEG or WebP images are not read, 2 of them: a.txt, b.txt.",
    "TMP: files that are no PNG, JPEG or WebP images are not read, 1 of them: notes.txt.",
  ]);

  await symlink(join(path, "gone"), join(path, "mice"));
  expect(await failureOf(load({ path }), path)).toBe(
    "failure: TMP/mice is a link that leads nowhere: there is no such file (ENOENT).",
  );
});

test("test images have the classes of the training images", async () => {
  const train = await folderWith({ "cats/1.png": png(1, 1, gray(1)), "dogs/1.png": png(1, 1, gray(2)) });
  const data = await load({ path: train, testPath: await folderWith({ "dogs/1.png": png(1, 1, gray(3)) }) });
  expect([...data.test!.columns["label"]!]).toEqual([1]);
  expect(Object.keys(data.hashes).length).toBe(2);
});

test("without a test folder, validation and test images are held out, from the end if so wished", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`${100 + i}.png`, png(1, 1, gray(i))]),
  );
  const path = await folderWith(files);
  const held = async (split: object) => {
    const config = datasetSchema.parse({ name: "images", path, split, range: [0, 255] });
    const { train, validation, test } = await loadDataset(config, contextIn(""));
    expect(train.count).toBe(16);
    return [...test.columns["x"]!, ...validation.columns["x"]!];
  };
  expect(await held({ order: "file" })).toEqual([16, 17, 18, 19]);
  expect(await held({})).toEqual(await held({ order: "shuffled", seed: 0 }));
  expect(await held({})).not.toEqual(await held({ seed: 1 }));
});

test("images are grouped by what the brackets find in their names, or by their folders", async () => {
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < 24; i++) files[`${i % 2 ? "a" : "b"}/eye${i % 6}_${i}.png`] = png(1, 1, gray(i));
  const path = await folderWith(files);
  const groups = async (split: object) =>
    (await load({ path, split: { order: "group", ...split } } as never)).groups!;
  const byEye = await groups({ by: "eye([0-9]+)_" });
  expect(new Set(byEye).size).toBe(6);
  expect(byEye.filter((group) => group === byEye[0]).length).toBe(4);
  expect(new Set(await groups({ by: "eye[0-9]" })).size).toBe(6);
  expect(new Set(await groups({}))).toEqual(new Set(["a", "b"]));
  expect(await failureOf(groups({ by: "a/(.*)_" }))).toBe(
    "usage: dataset.split.by is a/(.*)_, which is not in 12 of 24 names: b/eye0_0.png, b/eye0_12.png, b/eye0_18.png, …. " +
      "Accepted: a pattern that each image's name has, its folders with it.",
  );
  expect(await failureOf(groups({ by: "(" }))).toMatch(/^usage: dataset.split.by is \(, which is no regular/);
});

test("the hash depends on names and bytes, not on the folder", async () => {
  const hash = async (files: Record<string, Buffer>) => {
    const path = await folderWith(files);
    return (await load({ path })).hashes[path];
  };
  const one = await hash({ "a.png": png(1, 1, gray(1)) });
  expect(await hash({ "a.png": png(1, 1, gray(1)) })).toBe(one);
  expect(await hash({ "b.png": png(1, 1, gray(1)) })).not.toBe(one);
  expect(await hash({ "a.png": png(1, 1, gray(2)) })).not.toBe(one);
});

test("what is wrong is told with the file", async () => {
  const good = png(3, 2, gray(1));
  const manyClasses = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`class${i}/a.png`, good]));
  const told = [];
  for (const [files, testFiles] of [
    [{ "a.png": good, "b.png": good, "odd.png": png(4, 2, gray(1)) }],
    [{ "a.png": good }, { "t.png": png(2, 3, gray(1)) }],
    [{ "a.png": good, "cut.png": good.subarray(0, 40) }],
    [{ "crc.png": good.with(45, good[45]! ^ 255) }],
    [{ "a.png": "not a PNG" }],
    [{ "glass.png": png(3, 2, [1, 1, 1, 128]) }],
    [{ "a.png": good, "b.gif": good }],
    [{ "a.png": good, "cats/b.png": good }],
    [{ "cats/a.png": good }, { "birds/a.png": good }],
    [{ "notes.txt": "no images" }],
    [manyClasses],
  ] as Record<string, Uint8Array | string>[][]) {
    const path = await folderWith(files!);
    const testPath = testFiles && (await folderWith(testFiles));
    const message = await failureOf(load({ path, ...(testPath && { testPath }) }), path);
    told.push(testPath === undefined ? message : message.replaceAll(testPath, "TESTS"));
  }
  const folder = await temporaryFolder();
  told.push(await failureOf(load({ path: join(folder, "missing") }), folder));
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: TMP/odd.png is 4x2, but TMP/a.png is 3x2 (width x height). All images must have one size: resize or remove the odd one, or set dataset.size, such as 2.
    failure: TESTS/t.png is 2x3, but TMP/a.png is 3x2 (width x height). All images must have one size: resize or remove the odd one, or set dataset.size, such as 2.
    failure: TMP/cut.png: the file ends at byte 40, before the end of the image.
    failure: TMP/crc.png: the image is damaged: unrecognised content at end of stream.
    failure: TMP/a.png: not a PNG, JPEG or WebP image, by its first bytes.
    failure: TMP/glass.png: has transparent pixels, and what is behind them is not known. Flatten it first, for example by magick mogrify -background white -alpha remove FILE.
    failure: TMP/b.gif: only PNG, JPEG or WebP images are read. Convert or remove it.
    failure: TMP has both images (a.png) and subfolders (cats). Accepted: images without classes, or one subfolder of images for each class.
    failure: TESTS/birds is a class that the training images do not have: cats.
    usage: TMP holds no PNG, JPEG or WebP images, by the names of its files. TMP: files that are no PNG, JPEG or WebP images are not read, 1 of them: notes.txt.
    failure: TMP has 257 subfolders of images. Accepted: at most 256 classes.
    usage: TMP/missing is not a folder that can be read: there is no such file (ENOENT).
    "
  `);
});

test("reading stops when it is interrupted", async () => {
  const path = await folderWith({ "a.png": png(1, 1, gray(1)) });
  const context = contextIn("", { signal: AbortSignal.abort() });
  const work = imageFolder.load(imageFolder.schema.parse({ name: "images", path }), context);
  expect(await failureOf(work)).toMatch(
    /^interrupted: Interrupted while the dataset was read; nothing was written\./,
  );
});
