import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import type { Field } from "../../src/data/field.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, temporaryFolder } from "./files.ts";
import { bytes, encodeNpz, floats } from "./numpyFiles.ts";

interface More {
  /** What lies beside it. */
  readonly files?: Record<string, string>;
  readonly warn?: (text: string) => void;
}

/** Loads a table of this text. */
async function load(
  text: string | Buffer,
  settings: object = {},
  { files = {}, warn = () => {} }: More = {},
) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ "t.csv": text, ...files }))
    await writeFile(join(folder, name), content);
  const whole = Object.entries({ path: "t.csv", ...settings }).map(([key, value]) => [
    key,
    key === "path" || key === "testRows" ? join(folder, String(value)) : value,
  ]);
  const config = datasetSchema.parse({ name: "table", ...Object.fromEntries(whole) });
  return loadDataset(config, contextIn(folder, { warn }));
}

/** A table a, b, y of rows that `row` makes. */
const table = (row: (i: number) => string, count = 12) =>
  ["a,b,y", ...Array.from({ length: count }, (_, i) => row(i))].join("\n");

const standardizationOf = (field: Field | undefined) => (field as Field & { kind: "real" }).standardized!;

/** Rows a = i, b = 2i + 1, colour red or blue, y = i². */
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `${i},${2 * i + 1},${i % 2 ? "red" : "blue"},${i * i}`);
const small = ["a,b,colour,y", ...rowsOf(10)].join("\n");

/** A column of x or y in the units of the file, rounded. */
function valuesOf({ fields }: Dataset, { columns, count }: Split, name: string, d = 0): number[] {
  const field = fields[name]!;
  const { mean, deviation } = standardizationOf(field);
  const D = field.shape[0]!;
  return Array.from({ length: count }, (_, i) => {
    const stored = columns[name]![i * D + d]!;
    return Math.round(1e4 * (mean[d]! + deviation[d]! * stored)) / 1e4 || 0;
  });
}

const everyRow = (data: Dataset, name: string, d = 0) =>
  [data.train, data.validation, data.test].flatMap((split) => valuesOf(data, split, name, d));

describe("what it becomes", () => {
  test("features and a target in the units of the file, standardised by the training rows", async () => {
    const data = await load(small);
    const { fields, train, validation, test: held } = data;
    expect([train.count, validation.count, held.count]).toEqual([8, 1, 1]);
    expect(fields["x"]).toMatchObject({
      kind: "real",
      shape: [4],
      valueNames: ["a", "b", "colour=blue", "colour=red"],
    });
    expect(fields["y"]).toMatchObject({ kind: "real", shape: [1], valueNames: ["y"] });
    const rows = everyRow(data, "x").map((a, i) => [
      a,
      ...[1, 2, 3].map((d) => everyRow(data, "x", d)[i]!),
      everyRow(data, "y")[i]!,
    ]);
    expect(rows.toSorted((a, b) => a[0]! - b[0]!)).toEqual(
      Array.from({ length: 10 }, (_, i) => [i, 2 * i + 1, 1 - (i % 2), i % 2, i * i]),
    );
    for (const column of [
      Array.from({ length: 8 }, (_, i) => train.columns["x"]![4 * i]!),
      [...train.columns["y"]!],
    ]) {
      expect(column.reduce((sum, v) => sum + v, 0) / 8).toBeCloseTo(0, 6);
      expect(column.reduce((sum, v) => sum + v * v, 0) / 8).toBeCloseTo(1, 6);
    }
  });

  test("a constant feature is 0, with deviation 1; large means cost no digits", async () => {
    const text = table((i) => `${1e9 + i},0.1,${i}`);
    const data = await load(text, { validation: 0 });
    const { mean, deviation } = standardizationOf(data.fields["x"]);
    expect([mean[1], deviation[1]]).toEqual([0.1, 1]);
    expect(Array.from({ length: data.train.count }, (_, i) => data.train.columns["x"]![2 * i + 1])).toEqual(
      Array(data.train.count).fill(0),
    );
    const kept = valuesOf(data, data.train, "x").map((v) => v - 1e9);
    const n = kept.length;
    const average = kept.reduce((a, b) => a + b, 0) / n;
    expect(deviation[0]).toBeCloseTo(Math.sqrt(kept.reduce((sum, v) => sum + (v - average) ** 2, 0) / n), 6);
  });

  test("text and numbers become classes, in order, and counts stay as they are", async () => {
    const words = await load(table((i) => `${i},1,${["no", "yes", "maybe"][i % 3]}`));
    expect(words.fields["y"]).toEqual({
      name: "y",
      kind: "class",
      shape: [1],
      show: "value",
      classCount: 3,
      classNames: ["maybe", "no", "yes"],
      valueNames: ["y"],
    });
    expect(words.train.columns["y"]).toBeInstanceOf(Uint8Array);
    const numbers = await load(
      table((i) => `${i},1,${[2, "10.0", 10, 1][i % 4]}`),
      { targetKind: "class" },
    );
    expect(numbers.fields["y"]).toMatchObject({ classNames: ["1", "2", "10"] });
    const index = valuesOf(numbers, numbers.train, "x").map((i) => [1, 2, 2, 0][i % 4]);
    expect([...numbers.train.columns["y"]!]).toEqual(index);
    const counts = await load(
      table((i) => `${i},1,${i % 5}`),
      { targetKind: "count" },
    );
    expect(counts.fields["y"]).toEqual({
      name: "y",
      kind: "count",
      shape: [1],
      show: "value",
      valueNames: ["y"],
    });
    expect([...counts.train.columns["y"]!]).toEqual(valuesOf(counts, counts.train, "x").map((i) => i % 5));
  });

  test("numbers are categories where that is said, of all rows; what no training row has is told", async () => {
    const warnings: string[] = [];
    const text = table((i) => `${i},${i === 3 ? 7 : 30},${i}`);
    const settings = { categories: ["b"], testRows: "rows" };
    const data = await load(text, settings, { files: { rows: "3" }, warn: (told) => warnings.push(told) });
    expect(data.fields["x"]).toMatchObject({ valueNames: ["a", "b=7", "b=30"] });
    expect([...data.test.columns["x"]!].slice(1)).toEqual([1, 0]);
    expect(warnings).toEqual([expect.stringMatching(/column 2 \(b\): no training row has "7"/)]);
  });

  test("only the columns that are used must be in order", async () => {
    const text = table((i) => `${i},${i === 4 ? "oops" : i},${i}`);
    expect((await load(text, { features: ["a"] })).fields["x"]).toMatchObject({ valueNames: ["a"] });
    expect((await load(text, { features: [1], target: -1 })).train.count).toBe(10);
  });

  test("rows without a value are left out where that is asked for; test rows count those of the file", async () => {
    const text = table((i) => `${i},${i === 4 ? "NA" : i},${i === 5 ? "" : i}`);
    const data = await load(text, { missing: "drop", testRows: "rows" }, { files: { rows: "[4, 5, 6]" } });
    expect(valuesOf(data, data.test, "x")).toEqual([6]);
    expect(everyRow(data, "x").toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 6, 7, 8, 9, 10, 11]);
  });
});

describe("how it is written", () => {
  const plain = table((i) => `${i},${i % 5},${i * i}`);
  const rowsIn = async (text: string | Buffer, settings: object = {}) => {
    const data = await load(text, settings);
    return { names: data.fields["x"]!.valueNames, b: everyRow(data, "x", 1), y: everyRow(data, "y") };
  };

  test.each<[string, string | Buffer]>([
    ["semicolons", plain.replaceAll(",", ";")],
    ["tabs", plain.replaceAll(",", "\t")],
    ["bars", plain.replaceAll(",", " | ")],
    ["blanks", plain.replaceAll(",", "   ").replaceAll("\n", "\n  ")],
    ["quotes", plain.replace("a,b", '"a", "b"').replace("\n4,4,", '\n"4" ,"4",')],
    ["CRLF", plain.replaceAll("\n", "\r\n")],
    ["mixed line ends, and blank lines", `\n${plain.replace("\n4", "\r4").replace("\n6", "\r\n\r\n6")}\n\n`],
    ["UTF-8 with a mark", `\ufeff${plain}`],
    ["UTF-16, little end first", Buffer.from(`\ufeff${plain}`, "utf16le")],
    ["UTF-16, big end first", Buffer.from(`\ufeff${plain}`, "utf16le").swap16()],
    ["UTF-16 without a mark", Buffer.from(plain, "utf16le")],
  ])("%s", async (_, text) => {
    expect(await rowsIn(text)).toEqual(await rowsIn(plain));
  });

  test("names with delimiters, quotes and line ends; lines are counted through them", async () => {
    const quoted = plain.replace("a,b", '"a, or ""A""\r\nin m","b"');
    expect((await rowsIn(quoted)).names).toEqual(['a, or "A"\nin m', "b"]);
    await expect(rowsIn(quoted.replace("\n3,", "\nx,"))).rejects.toThrow(/line 6, column 1/);
  });

  test("without names, columns have their numbers", async () => {
    expect((await rowsIn(plain.slice(6))).names).toEqual(["column 1", "column 2"]);
    expect(
      (await load("u,v\n".repeat(3) + "w,x\n".repeat(6), { header: false, target: 1 })).fields,
    ).toMatchObject({
      x: { valueNames: ["column 2=v", "column 2=x"] },
      y: { classNames: ["u", "w"], valueNames: ["column 1"] },
    });
  });

  test("arrays of numpy", async () => {
    const x = floats([12, 2], (k) => (k % 2 ? Math.floor(k / 2) % 5 : Math.floor(k / 2)));
    const y = bytes([12], (i) => i * i);
    expect(await rowsIn(encodeNpz({ x, y }))).toEqual({ ...(await rowsIn(plain)), names: ["x1", "x2"] });
    await expect(rowsIn(encodeNpz({ x }))).rejects.toThrow(
      /no array y.*Accepted: arrays x \[N, F\] and y \[N\]/,
    );
    const short = encodeNpz({ x, y: bytes([11]) });
    await expect(rowsIn(short)).rejects.toThrow(/array y: an array of 11\. Accepted: \[N\] .* 12/);
    const broken = floats([12, 2], (k) => (k === 5 ? Number.NaN : k));
    await expect(rowsIn(encodeNpz({ x: broken, y }))).rejects.toThrow(
      /row 2 \(from 0\), column 2 \(x2\): no value/,
    );
  });

  test("10,000 columns", async () => {
    const wide = Array.from({ length: 8 }, (_, i) =>
      Array.from({ length: 10_000 }, (_, j) => (i * j) % 7).join(),
    );
    const data = await load(wide.join("\n"), { target: 2 });
    expect(data.fields["x"]!.shape).toEqual([9999]);
  });
});

describe("its splits", () => {
  const text = table((i) => `${i},1,${i}`, 40);
  const splitsOf = async (settings: object = {}, files: Record<string, string> = {}) => {
    const data = await load(text, settings, { files });
    const rows = (split: Split) => valuesOf(data, split, "x");
    return { train: rows(data.train), validation: rows(data.validation), test: rows(data.test) };
  };

  test("are drawn by seed and split, and are disjoint", async () => {
    const { train, validation, test: held } = await splitsOf();
    expect([train.length, validation.length, held.length]).toEqual([32, 4, 4]);
    expect([...train, ...validation, ...held].toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
    expect(await splitsOf()).toEqual({ train, validation, test: held });
    expect((await splitsOf({ seed: 1 })).test).not.toEqual(held);
    expect((await splitsOf({ split: 1 })).test).not.toEqual(held);
  });

  test("take shares or numbers; without validation the training rows serve for it", async () => {
    const { train, validation, test: held } = await splitsOf({ validation: 7, test: 0.25 });
    expect([train.length, validation.length, held.length]).toEqual([23, 7, 10]);
    const without = await splitsOf({ validation: 0, test: 3 });
    expect(without.train).toHaveLength(37);
    expect(without.validation).toEqual(without.train);
  });

  test("come from a column, which may leave validation open", async () => {
    const words = ["Train", "train", "TEST", "val", "training"];
    const named = (of: readonly string[]) => table((i) => `${i},${of[i % of.length]},${i}`, 20);
    const own = await load(named(words), { splitColumn: "b" });
    expect(own.fields["x"]!.valueNames).toEqual(["a"]);
    expect([own.train.count, own.validation.count, own.test.count]).toEqual([12, 4, 4]);
    expect(valuesOf(own, own.test, "x")).toEqual([2, 7, 12, 17]);
    const open = await load(named(words.with(3, "train")), { splitColumn: 2, validation: 0.25 });
    expect([open.train.count, open.validation.count, open.test.count]).toEqual([12, 4, 4]);
  });

  test.each([
    ["a list", "[7, 3, 5]", 0],
    ["a list of lists", "[[1], [7, 3, 5]]", 1],
    ["lists as test of an object", '{ "test": [[1], [7, 3, 5]], "train": [] }', 1],
    ["a list as test of an object", '{ "test": [7, 3, 5] }', 0],
    ["lines", "7\r\n3\n5\n", 0],
  ])("come from a file: %s", async (_, rows, split) => {
    const { train, validation, test: held } = await splitsOf({ testRows: "rows", split }, { rows });
    expect(held).toEqual([7, 3, 5]);
    expect([train.length, validation.length]).toEqual([33, 4]);
    expect(train.some((row) => held.includes(row) || validation.includes(row))).toBe(false);
  });

  test("are cut to a limit before they are standardised", async () => {
    const data = await load(text, { limit: 3 });
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([3, 3, 3]);
    const [a, b, c] = valuesOf(data, data.train, "x") as [number, number, number];
    expect(standardizationOf(data.fields["x"]).mean[0]).toBeCloseTo((a + b + c) / 3, 10);
  });
});
