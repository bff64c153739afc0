import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { imageFolder } from "../../src/data/imageFolder.ts";
import type { RgbImage } from "../../src/data/imageFormat.ts";
import { readAll } from "../../src/data/imagePieces.ts";
import { fits, resized } from "../../src/data/resize.ts";
import { contextIn, failureOf, png, temporaryFolder } from "./files.ts";
import { pillowImage } from "./pillowImages.ts";

/** A row of grey pixels as an image of `height` equal rows. */
const rows = (levels: readonly number[], height: number): RgbImage => ({
  width: levels.length,
  height,
  rgb: Uint8Array.from(
    { length: height * levels.length * 3 },
    (_, i) => levels[Math.floor(i / 3) % levels.length]!,
  ),
  isGray: true,
});

const firstRow = ({ rgb, width }: RgbImage) => Array.from({ length: width }, (_, x) => rgb[3 * x]);

test("bicubic, as Pillow has it", async () => {
  // Image.fromarray(np.tile(np.uint8([...]), (8, 1))).resize((4, 4), Image.BICUBIC)
  const image = rows([0, 10, 30, 70, 150, 250, 200, 20], 8);
  const target = { width: 4, height: 4, fit: "stretch" as const };
  const small = resized(image, target);
  for (const [i, level] of [4, 50, 200, 126].entries())
    expect(Math.abs(firstRow(small)[i]! - level)).toBeLessThanOrEqual(1);
});

test("fine stripes become grey, not coarser stripes", async () => {
  const stripes = rows(
    Array.from({ length: 60 }, (_, x) => 255 * (x % 2)),
    60,
  );
  const { rgb } = resized(stripes, { width: 20, height: 20, fit: "stretch" });
  for (const level of rgb) expect(Math.abs(level - 127.5)).toBeLessThan(12);
});

/** Left third black, middle grey, right third white. */
const wide = rows([...Array(20).fill(0), ...Array(20).fill(100), ...Array(20).fill(255)], 20);

test.each([
  ["crop", [100, 100, 100]],
  ["pad", [0, 100, 255]],
  ["stretch", [0, 100, 255]],
] as const)("%s of a wide image", async (fit, middle) => {
  const { rgb, width, height, isGray } = resized(wide, { width: 15, height: 15, fit });
  const at = (x: number, y: number) => rgb[3 * (15 * y + x)];
  expect({ width, height, isGray }).toEqual({ width: 15, height: 15, isGray: true });
  expect([at(2, 7), at(7, 7), at(12, 7)]).toEqual(middle);
  expect([at(7, 1), at(7, 13)]).toEqual(fit === "pad" ? [0, 0] : [100, 100]);
});

test.each(fits)("%s reaches any size from any", async (fit) => {
  for (const [width, height] of [
    [1, 1],
    [1, 40],
    [40, 1],
    [3, 5],
  ] as const) {
    const image = rows(Array(width).fill(7), height);
    for (const size of [1, 4])
      expect(resized(image, { width: size, height: size, fit }).rgb).toHaveLength(3 * size ** 2);
  }
});

const load = (settings: object, folder: string, events: string[] = []) =>
  imageFolder.load(
    imageFolder.schema.parse({ name: "images", ...settings }),
    contextIn(folder, { onProgress: ({ label }) => events.push(label.split(" ")[0]!) }),
  );

test("images of several sizes and formats in one size, made once", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "photos");
  await mkdir(path);
  await writeFile(join(path, "a.jpg"), pillowImage("baseline.jpg"));
  await writeFile(join(path, "b.webp"), pillowImage("lossy.webp"));
  await writeFile(join(path, "c.png"), png(5, 9, [200, 200, 200]));
  expect(await failureOf(load({ path }, folder), path)).toMatch(
    /c.png is 5x9, .* set dataset.size, such as 12\.$/,
  );

  const events: string[] = [];
  const first = await load({ path, size: [6, 8] }, folder, events);
  expect(first.fields["x"]?.shape).toEqual([6, 8, 3]);
  expect(first.train.count).toBe(3);
  expect(new Set(first.train.columns["x"]!.subarray(2 * 144))).toEqual(new Set([200]));
  expect(new Set(events)).toEqual(new Set(["looking", "reading"]));

  const again: string[] = [];
  expect(await load({ path, size: [6, 8] }, folder, again)).toEqual(first);
  expect(new Set(again)).toEqual(new Set(["looking"]));

  // Of another size, fit, content, or with a damaged file, they are made anew.
  for (const settings of [{ size: 6 }, { size: [6, 8], fit: "pad" }, { size: [6, 8], channels: 1 }]) {
    const events: string[] = [];
    await load({ path, ...settings }, folder, events);
    expect(events).toContain("reading");
  }
  const kept = join(folder, "cache", "resized");
  for (const name of await readdir(kept)) await truncate(join(kept, name), 100);
  expect(await load({ path, size: [6, 8] }, folder)).toEqual(first);
});

test("images of 16 bits keep them, on any thread, resized and kept", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "scans");
  await mkdir(path);
  await writeFile(join(path, "a.png"), png(4, 4, [2, 2, 2]));
  for (const [name, level] of [
    ["b", 1000],
    ["c", 65535],
  ] as const) {
    const scan = new PNG({ width: 4, height: 4 });
    const words = Uint16Array.from({ length: 64 }, (_, i) => (i % 4 === 3 ? 65535 : level));
    scan.data = Buffer.from(words.buffer);
    await writeFile(join(path, `${name}.png`), PNG.sync.write(scan, { bitDepth: 16 }));
  }
  const expected = Uint16Array.of(514, 1000, 65535);
  for (const settings of [{ size: 1 }, { size: 1 }, { size: 1, channels: 1 }]) {
    const { train } = await load({ path, ...settings }, folder);
    expect(train.columns["x"]).toEqual(expected);
  }
  const levels = [];
  for await (const { rgb } of readAll({ folder: path, names: ["a.png", "b.png", "c.png"] }, 1e9)) {
    levels.push([rgb.BYTES_PER_ELEMENT, rgb.length, rgb[0]]);
  }
  expect(levels).toEqual([
    [1, 48, 2],
    [2, 48, 1000],
    [2, 48, 65535],
  ]);
  const { train } = await load({ path, testPath: path }, folder);
  expect(train.columns["x"]).toEqual(
    Uint16Array.from({ length: 48 }, (_, i) => expected[Math.floor(i / 16)]!),
  );
});

test("threads give the same images in the same order, and what goes wrong there is told", async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 40 }, (_, i) => `${i}.png`);
  for (const [i, name] of names.entries()) await writeFile(join(folder, name), png(3 + i, 7, [i, i, i]));
  const target = { width: 4, height: 4, fit: "crop" as const };
  const read = async (totalBytes: number) => {
    const levels = [];
    for await (const { rgb } of readAll({ folder, names, target }, totalBytes)) levels.push(rgb[0]);
    return levels;
  };
  expect(await read(1e9)).toEqual(names.map((_, i) => i));
  expect(await read(0)).toEqual(names.map((_, i) => i));
  await writeFile(join(folder, "20.png"), "no image");
  expect(await failureOf(read(1e9), folder)).toBe(
    "failure: TMP/20.png: not a PNG, JPEG or WebP image, by its first bytes.",
  );
});
