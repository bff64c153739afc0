import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { type DatasetName, datasetSchema, datasets } from "../../src/data/index.ts";
import type { DatasetSource } from "../../src/data/source.ts";
import { contextIn, failureOf, folderWith } from "./files.ts";
import { matFixtures } from "./matFixtures.ts";

const load = (name: DatasetName, settings: object) => {
  const source: DatasetSource = datasets[name];
  return source.load(datasetSchema.parse({ name, ...settings }), contextIn(""));
};

/** What one bad file is told of. */
async function told(name: DatasetName, content: Uint8Array | string, settings = {}) {
  const folder = await folderWith({ file: content });
  return failureOf(load(name, { path: join(folder, "file"), ...settings }), folder);
}

describe("MAT-files", () => {
  test.each(["plain", "packed"] as const)("%s: images [H, W, C, N] and labels", async (kind) => {
    const path = join(await folderWith({ "a.mat": matFixtures[kind] }), "a.mat");
    const data = await load("mat", { path });
    expect(data.fields["x"]?.shape).toEqual([2, 3, 3]);
    expect(data.train.count).toBe(4);
    // X[..., n] of arange counts in steps of 4 from n on
    expect([...data.train.columns["x"]!]).toEqual(
      [0, 1, 2, 3].flatMap((n) => Array.from({ length: 18 }, (_, i) => 4 * i + n)),
    );
    expect([...data.train.columns["label"]!]).toEqual([1, 2, 0, 1]);
  });

  test("rows of numbers, of which some are no images", async () => {
    const path = join(await folderWith({ "a.mat": matFixtures.rows }), "a.mat");
    const settings = { path, x: "data", range: [0, 1], shape: [2, 3] };
    const data = await load("mat", settings);
    expect(data.train.count).toBe(4);
    expect(data.train.columns["x"]).toEqual(Float32Array.from({ length: 24 }, (_, i) => i / 23));
    const columns = await load("mat", { ...settings, shape: [2, 2] });
    expect(columns.train.count).toBe(6);
    expect(columns.train.columns["x"]!.subarray(0, 4)).toEqual(
      Float32Array.from([0, 6, 12, 18], (i) => i / 23),
    );
    const file = await openArrayFile(path, "a");
    expect(file.names).toEqual(["data", "names", "s", "l"]);
    expect(file.array("l")).toMatchObject({ type: "bool", dims: [2], values: Uint8Array.of(1, 0) });
  });

  test("what is wrong is told", async () => {
    const { plain, packed, rows } = matFixtures;
    const errors = [
      await told("mat", plain.subarray(0, 200)),
      await told("mat", plain.subarray(0, 120)),
      await told("mat", packed.subarray(0, -30)),
      await told("mat", packed.fill(0, 150, 170)),
      await told("mat", rows, { x: "names" }),
      await told("mat", rows, { x: "s" }),
      await told("mat", rows, { x: "data" }),
      await told("mat", Buffer.from("MATLAB 7.3 MAT-file, Platform: GLNXA64".padEnd(600))),
      await told("mat", "hello"),
    ];
    expect(`\n${errors.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      failure: TMP/file: the MAT-file is damaged or cut off: byte 128 is not the start of what it holds.
      failure: TMP/file: the MAT-file is damaged or cut off: bytes 126 and 127 do not say its byte order.
      failure: TMP/file: the MAT-file is damaged or cut off: byte 251 is not the start of what it holds.
      failure: TMP/file: the compressed data is damaged (incorrect data check).
      failure: TMP/file, array names: holds text. Accepted: numeric and logical arrays that are full.
      failure: TMP/file, array s: holds a structure. Accepted: numeric and logical arrays that are full.
      failure: TMP/file, array data: an array of 4x6, whose rows may be images of any shape. Set dataset.shape to height and width, such as [1, 6].
      failure: TMP/file: a MAT-file of version 7.3, which is HDF5. Accepted: save it in MATLAB with the option -v7.
      failure: TMP/file: neither a .npy, .npz nor .mat file nor text of numbers, by its first bytes. Accepted: what numpy.save, savez and savez_compressed write, MATLAB's save with -v7 or -v6, or a row of numbers a line.
      "
    `);
  });
});

describe("text of numbers", () => {
  test("bytes, and a class at the end of the line", async () => {
    const path = join(await folderWith({ "a.amat": "1 2 3 4 0\n5\t6 7 8 1\r\n\n9 10 11 255 2" }), "a.amat");
    const data = await load("amat", { path, shape: [2, 2] });
    expect([...data.train.columns["x"]!]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
    expect([...data.train.columns["label"]!]).toEqual([0, 1, 2]);
  });

  test("numbers that are no bytes", async () => {
    const path = join(await folderWith({ "a.csv": "0.5,1e0,-0,.25\n0,0,+1,1.0\n" }), "a.csv");
    const data = await load("amat", { path, shape: [2, 2] });
    expect([...data.train.columns["x"]!]).toEqual([0.5, 1, -0, 0.25, 0, 0, 1, 1]);
    expect(data.fields["label"]).toBeUndefined();
  });

  test("what is wrong is told", async () => {
    const errors = [
      await told("amat", "1 2 3 4\n1 2 3\n", { shape: [2, 2] }),
      await told("amat", "1 2 3 4\n1 2 x 4\n", { shape: [2, 2] }),
      await told("amat", "1 2 3 4\n1 2 1e99 4\n", { shape: [2, 2] }),
      await told("amat", "1 2 3 4\n", { shape: [2, 3] }),
      await told("amat", ""),
    ];
    expect(`\n${errors.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      failure: TMP/file: line 2 has 3 numbers, those before 4. Accepted: a row of numbers a line, as many on each, with blanks or commas between them.
      failure: TMP/file: line 2, number 3 is "x". Accepted: a row of numbers a line, as many on each, with blanks or commas between them.
      failure: TMP/file: line 2, number 3 is "1e99". Accepted: a row of numbers a line, as many on each, with blanks or commas between them.
      failure: TMP/file: an array of 1x4, whose rows are no images of 2x3. Set dataset.shape to height and width, such as [2, 2].
      failure: TMP/file: neither a .npy, .npz nor .mat file nor text of numbers, by its first bytes. Accepted: what numpy.save, savez and savez_compressed write, MATLAB's save with -v7 or -v6, or a row of numbers a line.
      "
    `);
  });
});

describe("CIFAR's binary format", () => {
  /** Images whose red is their class, green a ramp, and blue 200. */
  const records = (labels: readonly number[], coarse: readonly number[] = []) =>
    Buffer.concat(
      labels.map((label) =>
        Buffer.concat([
          Buffer.from([...coarse, label]),
          Buffer.alloc(1024, label),
          Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)),
          Buffer.alloc(1024, 200),
        ]),
      ),
    );

  test("a folder of training and test files, with the names of the classes", async () => {
    const path = await folderWith({
      "data_batch_1.bin": records([0, 1]),
      "data_batch_2.bin": records([2]),
      "test_batch.bin": records([1]),
      "batches.meta.txt": "cat\ndog\nfrog\n\n",
    });
    const { train, test, fields, hashes } = await load("cifar", { path });
    expect([train.count, test?.count]).toEqual([3, 1]);
    expect([...train.columns["label"]!]).toEqual([0, 1, 2]);
    expect(fields["label"]).toMatchObject({ classNames: ["cat", "dog", "frog"] });
    expect([...train.columns["x"]!.subarray(3072, 3078)]).toEqual([1, 0, 200, 1, 1, 200]);
    expect(Object.keys(hashes)).toHaveLength(3);
  });

  test("coarse and fine classes of CIFAR-100: the fine ones", async () => {
    const path = join(await folderWith({ "train.bin": records([7, 3], [9]) }), "train.bin");
    const { train, fields } = await load("cifar", { path });
    expect([...train.columns["label"]!]).toEqual([7, 3]);
    expect(fields["label"]).toMatchObject({ classCount: 8 });
  });

  test("what is wrong is told", async () => {
    expect(await told("cifar", records([1]).subarray(1))).toMatchInlineSnapshot(
      `"failure: TMP/file: 3072 bytes are no whole number of images. Accepted: 3073 bytes for each (CIFAR-10: class and 32x32 RGB), or 3074 (CIFAR-100)."`,
    );
    expect(await told("cifar", "")).toMatch(/^failure: TMP\/file: 0 bytes are no whole number of images/);
  });
});
