import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { contactSheet } from "../../src/data/contactSheet.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { labelCounts, pixelStatistics } from "../../src/data/pixelStatistics.ts";
import { imageGrid } from "../../src/figures/imageGrid.ts";

/** The red channel of a decoded PNG, as rows. */
function rowsOf(png: Buffer): number[][] {
  const { width, height, data } = PNG.sync.read(png);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => data[4 * (y * width + x)]!),
  );
}

test("grey images in a grid, with padding around and between", () => {
  const grid = imageGrid(Uint8Array.of(10, 20, 30), [1, 1, 1], { columns: 2, padding: 1 });
  expect([grid.width, grid.height]).toEqual([5, 5]);
  const p = 72;
  expect(rowsOf(grid.png)).toEqual([
    [p, p, p, p, p],
    [p, 10, p, 20, p],
    [p, p, p, p, p],
    [p, 30, p, p, p], // no fourth image
    [p, p, p, p, p],
  ]);
});

test("without a frame padding is only between images, of any level", () => {
  const options = { columns: 2, padding: 1, frame: false, level: 255 };
  const grid = imageGrid(Uint8Array.of(1, 2, 3, 4), [1, 2, 1], options);
  expect(rowsOf(grid.png)).toEqual([[1, 2, 255, 3, 4]]);
});

test("RGB stays RGB", () => {
  const { png } = imageGrid(Uint8Array.of(1, 2, 3), [1, 1, 3], { columns: 1, padding: 0 });
  expect([...PNG.sync.read(png).data]).toEqual([1, 2, 3, 255]);
});

test("the padding is 2 unless told otherwise", () => {
  const { width, height } = imageGrid(new Uint8Array(200 * 784), [28, 28, 1], { columns: 20 });
  expect([width, height]).toEqual([20 * 30 + 2, 10 * 30 + 2]);
});

test("bytes that are no whole images are a defect", () => {
  expect(() => imageGrid(new Uint8Array(5), [2, 2, 1], { columns: 1 })).toThrow("5 bytes");
  expect(() => imageGrid(new Uint8Array(8), [2, 2, 2], { columns: 1 })).toThrow("not 2");
});

test("a contact sheet has one row for each class", () => {
  const labels = Uint8Array.of(2, 0, 2, 2, 0);
  const pixels = Uint8Array.of(10, 20, 30, 40, 50);
  const { x: image, label } = imageFields([1, 1, 1], 3);
  const set = imageSplit(5, pixels, labels);
  const sheet = (columns: number, rows: number) => [
    ...contactSheet(set, { image, label }, { columns, rows }),
  ];
  expect(sheet(3, 10)).toEqual([20, 50, 0, 10, 30, 40]);
  expect(sheet(2, 1)).toEqual([20, 50]);
  const first = [10, 20, 30, 40, 50, 0];
  expect([...contactSheet(set, { image }, { columns: 3, rows: 2 })]).toEqual(first);
  expect([...contactSheet(set, { image }, { columns: 2, rows: 2 })]).toEqual(first.slice(0, 4));
  const unlabelled = imageSplit(5, pixels);
  expect([...contactSheet(unlabelled, { image, label }, { columns: 3, rows: 2 })]).toEqual(first);
});

test("pixel statistics", () => {
  const { histogram, ...statistics } = pixelStatistics(Uint8Array.of(0, 0, 0, 255));
  // numpy: np.mean([0, 0, 0, 1]), np.std([0, 0, 0, 1])
  expect(statistics).toEqual({
    mean: 0.25,
    std: Math.sqrt(0.1875),
    shareBlack: 0.75,
    shareWhite: 0.25,
    isBinary: true,
  });
  expect([histogram[0], histogram[15]]).toEqual([0.75, 0.25]);
  expect(pixelStatistics(Uint8Array.of(0, 1)).isBinary).toBe(false);
});

test("label counts", () => {
  expect(labelCounts(Uint8Array.of(1, 1, 3))).toEqual([0, 2, 0, 1]);
  expect(labelCounts(Uint8Array.of(1, 1), 5)).toEqual([0, 2, 0, 0, 0]);
  expect(labelCounts(undefined)).toEqual([]);
});
