import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import { openArrayFile } from "../src/data/arrayFile.ts";
import type { Field } from "../src/data/field.ts";
import { imageFields } from "../src/data/images.ts";
import { npzBytes } from "../src/data/writeArrays.ts";
import type { OpenedRun } from "../src/runs/experiment.ts";
import { predictionsNpz, readGiven } from "../src/runs/given.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-given-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { x, label } = imageFields([4, 6, 1], ["circle", "square", "3"]) as Required<
  ReturnType<typeof imageFields>
>;
const small: Field = { name: "y", kind: "real", shape: [2, 3, 1], show: "image" };
const vector: Field = { name: "y", kind: "real", shape: [5], show: "value" };
const runOf = (given: Field) =>
  ({
    model: { target: x, given },
    config: { condition: { kind: given.kind === "class" ? "label" : "given" }, dataset: { name: "made" } },
  }) as unknown as OpenedRun;

const set = {
  count: 3,
  columns: {
    x: Uint8Array.from({ length: 72 }, (_, i) => i),
    y: Float32Array.from({ length: 18 }, (_, i) => i / 10),
    label: Uint8Array.of(2, 0, 1),
  },
};
const read = async (given: Field, what: string) =>
  (await readGiven(runOf(given), what, async () => set)).observations;

function png(name: string, width: number, height: number, rgb: (i: number) => readonly number[]): string {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set([...rgb(i), 255], 4 * i);
  const file = join(folder, name);
  writeFileSync(file, PNG.sync.write(image));
  return file;
}

function npz(name: string, arrays: Parameters<typeof npzBytes>[0]): string {
  const file = join(folder, name);
  writeFileSync(file, npzBytes(arrays));
  return file;
}

describe("a split and places", () => {
  test("are examples with their x, in the order that was said", async () => {
    expect(await read(small, "test:2,0-1")).toEqual({
      set: {
        count: 3,
        columns: {
          x: Uint8Array.from([...set.columns.x.subarray(48), ...set.columns.x.subarray(0, 48)]),
          y: Float32Array.from([...set.columns.y.subarray(12), ...set.columns.y.subarray(0, 12)]),
        },
      },
      names: ["test 2", "test 0", "test 1"],
    });
    expect((await read(label, "train:1")).set.columns["label"]).toEqual(Uint8Array.of(0));
  });

  test.each([
    ["test:3", /^test:3: there is no 3 in the test split, which has 3 examples: 0 to 2\.$/],
    ["test:a", /^test:a is nothing that a run can be given\. Accepted: a split and places/],
    ["test:2-1", /nothing that a run can be given/],
    ["test:", /nothing that a run can be given/],
    ["test:0-99999999999", /nothing that a run can be given/],
    ["3", /nothing that a run can be given/],
    ["elsewhere:0", /nothing that a run can be given/],
  ])("%s is refused", async (what, words) => {
    await expect(read(small, what)).rejects.toThrow(words);
  });
});

describe("classes", () => {
  test("are numbers, ranges and names; a name counts before a number", async () => {
    const found = await read(label, "1,0-1,circle");
    expect(found).toEqual({
      set: { count: 4, columns: { label: Uint8Array.of(1, 0, 1, 0) } },
      names: ["", "", "", ""],
    });
  });

  test("that there are not are refused, with those that there are", async () => {
    await expect(read(label, "4")).rejects.toThrow(/^4 is no class .* 0 to 2, or circle, square, 3;/);
    await expect(read(label, "sqare")).rejects.toThrow(/Did you mean square\?$/);
  });
});

describe("a PNG", () => {
  test("of y's size is y, as numbers from 0 to 1", async () => {
    const file = png("y.png", 3, 2, (i) => [51 * i, 51 * i, 51 * i]);
    const { set, names } = await read(small, file);
    expect(set.columns).toEqual({ y: Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1) });
    expect(names).toEqual(["y.png"]);
  });

  test("of x's size is x, which needs a condition that makes y of it", async () => {
    const file = png("x.png", 6, 4, () => [9, 9, 9]);
    await expect(read(small, file)).rejects.toThrow(
      /x\.png is x, and of x the run makes no y, as condition\.kind is given/,
    );
  });

  test("of another size, or in colour where there is none, is refused with both sizes", async () => {
    const accepted = /Accepted: y of 3x2 with 1 channel, or x of 6x4 with 1 channel\.$/;
    await expect(
      read(
        small,
        png("odd.png", 2, 3, () => [9, 9, 9]),
      ),
    ).rejects.toThrow(accepted);
    await expect(
      read(
        small,
        png("red.png", 3, 2, () => [9, 0, 0]),
      ),
    ).rejects.toThrow(/is 3x2 colour pixels/);
    await expect(
      read(
        vector,
        png("odd.png", 2, 3, () => [9, 9, 9]),
      ),
    ).rejects.toThrow(/y of shape \[5\], or x of 6x4/);
  });
});

describe("an .npz", () => {
  const six = Float32Array.of(-1, 2, 3, 4, 5, 60);
  test.each([
    [[2, 3], 1, ["a.npz"]],
    [[2, 3, 1], 1, ["a.npz"]],
    [[1, 2, 3], 1, ["a.npz"]],
  ])("of one y may have the shape %j", async (shape, count, names) => {
    expect(await read(small, npz("a.npz", { y: { shape, values: six } }))).toEqual({
      set: { count, columns: { y: six } },
      names,
    });
  });

  test("has x beside y as bytes or numbers from 0 to 1", async () => {
    const xs = { shape: [2, 4, 6], values: new Float32Array(48).fill(0.2) };
    const ys = { shape: [2, 2, 3, 1], values: Float32Array.of(...six, ...six) };
    const { set, names } = await read(small, npz("b.npz", { y: ys, x: xs }));
    expect(set.columns["x"]).toEqual(new Uint8Array(48).fill(51));
    expect(names).toEqual(["b.npz 0", "b.npz 1"]);
  });

  test.each<[string, Parameters<typeof npzBytes>[0], RegExp]>([
    ["neither", { z: { shape: [1], values: Float32Array.of(1) } }, /has z\. Accepted: y, or x of which/],
    [
      "another shape",
      { y: { shape: [3, 2], values: six } },
      /y has the shape \[3, 2\]\. Accepted: \[count, 2, 3, 1\]/,
    ],
    ["no number", { y: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, Number.NaN) } }, /not finite/],
    [
      "too large x",
      { y: { shape: [2, 3], values: six }, x: { shape: [4, 6], values: new Float32Array(24).fill(2) } },
      /x has values that are not in \[0, 1\]/,
    ],
    [
      "other counts",
      { y: { shape: [2, 3], values: six }, x: { shape: [2, 4, 6], values: new Float32Array(48) } },
      /has 1 y and 2 x/,
    ],
  ])("with %s is refused", async (_, arrays, words) => {
    await expect(read(small, npz("c.npz", arrays))).rejects.toThrow(words);
  });

  test("of predictions has mean, std, y and x, bytes from 0 to 1", async () => {
    const [mean, std] = [new Float32Array(72).fill(0.5), new Float32Array(72).fill(0.1)];
    const bytes = predictionsNpz(runOf(label).model, { set, names: [] }, { mean, std });
    const file = join(folder, "p.npz");
    writeFileSync(file, bytes);
    const arrays = await openArrayFile(file, "the file");
    expect(arrays.names.map((name) => [name, arrays.array(name).dims])).toEqual([
      ["mean", [3, 4, 6, 1]],
      ["std", [3, 4, 6, 1]],
      ["y", [3]],
      ["x", [3, 4, 6, 1]],
    ]);
    expect(arrays.array("mean").values).toEqual(mean);
    expect(arrays.array("y").values).toEqual(Float32Array.of(2, 0, 1));
    expect(arrays.array("x").values[51]).toBeCloseTo(0.2, 7);
  });
});
