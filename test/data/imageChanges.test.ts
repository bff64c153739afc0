import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { columnOf } from "../../src/data/codedFields.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { npyBytes } from "../../src/data/writeArrays.ts";
import { contextIn, png, temporaryFolder } from "./files.ts";

/** Three images [2, 3, C], the first to train on, whose bytes count up. */
async function trainImage(settings: object, channels: number) {
  const folder = await temporaryFolder();
  const trainImages = join(folder, "images");
  const data = Uint8Array.from({ length: 18 * channels }, (_, i) => i);
  await writeFile(trainImages, encodeIdx({ dims: [3, 2, 3, channels], data }));
  const config = datasetSchema.parse({
    name: "idx",
    trainImages,
    range: [0, 255],
    split: { order: "file" },
    ...settings,
  });
  const { fields, train } = await loadDataset(config, contextIn(folder));
  return { shape: fields["x"]!.shape, x: [...columnOf(train, fields["x"]!)] };
}

test("rows and columns are swapped, pixels stay together", async () => {
  expect(await trainImage({ transpose: true }, 1)).toEqual({ shape: [3, 2, 1], x: [0, 3, 1, 4, 2, 5] });
  expect(await trainImage({ transpose: true }, 3)).toEqual({
    shape: [3, 2, 3],
    x: [0, 1, 2, 9, 10, 11, 3, 4, 5, 12, 13, 14, 6, 7, 8, 15, 16, 17],
  });
});

test("black and white are swapped", async () => {
  expect((await trainImage({ invert: true }, 1)).x).toEqual([255, 254, 253, 252, 251, 250]);
});

test("arrays are resized too, before they are transposed", async () => {
  const { shape, x } = await trainImage({ size: [2, 1], fit: "stretch", transpose: true }, 1);
  expect(shape).toEqual([1, 2, 1]);
  expect(x).toEqual([1, 4]); // the means of rows that rise evenly
  expect((await trainImage({ size: [2, 3] }, 3)).x).toEqual(Array.from({ length: 18 }, (_, i) => i));
});

test("levels of more than 8 bits are changed as bytes are", async () => {
  const path = await temporaryFolder();
  const rows = Array.from({ length: 3 }, () => [0, 1000, 3000, 4095]).flat();
  const file = npyBytes({ shape: [3, 2, 2], values: Uint16Array.from(rows) });
  await writeFile(join(path, "x.npy"), file);
  const read = async (settings: object) => {
    const own = { name: "npz", path: join(path, "x.npy"), range: [0, 4095], ...settings };
    return (await loadDataset(datasetSchema.parse(own), contextIn(path))).train.columns["x"]!;
  };
  expect([...(await read({ invert: true, transpose: true }))]).toEqual([4095, 1095, 3095, 0]);
  expect([...(await read({ size: 1 }))]).toEqual([2024]);
  expect(Math.max(...(await read({ size: 8 })))).toBe(4095); // not above white
});

test("masks of 0 and 1 become black and white before they are resized", async () => {
  const path = await temporaryFolder();
  for (const i of [0, 1, 2]) await writeFile(join(path, `${i}.png`), png(2, 2, [1, 1, 1]));
  const half = new PNG({ width: 2, height: 2 });
  half.data.set([0, 0, 0, 255, 1, 1, 1, 255, 0, 0, 0, 255, 1, 1, 1, 255]);
  await writeFile(join(path, "3.png"), PNG.sync.write(half));
  const settings = { size: 1, range: [0, 1], split: { order: "file" }, validation: 1 };
  const { validation } = await loadDataset(
    datasetSchema.parse({ name: "images", path, ...settings }),
    contextIn(path),
  );
  expect([...validation.columns["x"]!]).toEqual([128]);
});

test("of a folder, the files are resized once and the images transposed after", async () => {
  const path = await temporaryFolder();
  for (const [i, level] of [10, 20, 130].entries())
    await writeFile(join(path, `${i}.png`), png(8, 4, [level, level, level]));
  const settings = { size: [3, 5], transpose: true, invert: true, split: { order: "file" } };
  const config = datasetSchema.parse({ name: "images", path, ...settings });
  const { fields, train } = await loadDataset(config, contextIn(path));
  expect(fields["x"]!.shape).toEqual([5, 3, 1]);
  expect([...train.columns["x"]!]).toEqual(Array(15).fill(245));
});
