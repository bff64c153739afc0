import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Field } from "../../src/data/field.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, temporaryFolder } from "./files.ts";

/** Loads a table of this text; `files` lie beside it. */
async function load(text: string | Buffer, settings: object = {}, files: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ "t.csv": text, ...files }))
    await writeFile(join(folder, name), content);
  const inFolder = Object.fromEntries(
    Object.entries({ path: "t.csv", ...settings }).map(([key, value]) => [
      key,
      key === "path" || key === "testRows" ? join(folder, String(value)) : value,
    ]),
  );
  return loadDataset(datasetSchema.parse({ name: "table", ...inFolder }), contextIn(folder));
}

const standardizationOf = (field: Field | undefined) => (field as Field & { kind: "real" }).standardized!;

/** Rows a = i, b = 2i + 1, colour red or blue, y = i². */
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `${i},${2 * i + 1},${i % 2 ? "red" : "blue"},${i * i}`);
const small = ["a,b,colour,y", ...rowsOf(10)].join("\n");

describe("a table", () => {
  test("has its features and its target, standardised by the training rows, in the units of the file", async () => {
    const { fields, train, validation, test: held } = await load(small, {}, {});
    expect([train.count, validation.count, held.count]).toEqual([8, 1, 1]);
    const { x, y } = fields;
    const [ofX, ofY] = [standardizationOf(x), standardizationOf(y)];
    expect(x).toMatchObject({
      kind: "real",
      shape: [4],
      valueNames: ["a", "b", "colour=blue", "colour=red"],
    });
    expect(y).toMatchObject({ kind: "real", shape: [1], valueNames: ["y"] });
    const rows = [train, validation, held].flatMap(({ columns, count }) =>
      Array.from({ length: count }, (_, i) => {
        const value = (d: number) => ofX.mean[d]! + ofX.deviation[d]! * columns["x"]![4 * i + d]!;
        return [
          value(0),
          value(1),
          value(2),
          value(3),
          ofY.mean[0]! + ofY.deviation[0]! * columns["y"]![i]!,
        ].map((v) => Math.round(1e4 * v) / 1e4 || 0);
      }),
    );
    expect(rows.toSorted((a, b) => a[0]! - b[0]!)).toEqual(
      Array.from({ length: 10 }, (_, i) => [i, 2 * i + 1, 1 - (i % 2), i % 2, i * i]),
    );
    const a = Array.from({ length: 8 }, (_, i) => train.columns["x"]![4 * i]!);
    expect(a.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 5);
    expect(a.reduce((sum, v) => sum + v * v, 0) / 8).toBeCloseTo(1, 5);
  });

  test("takes its test rows from a file: list k of several", async () => {
    const files = {
      "rows.json": JSON.stringify({
        test: [
          [0, 1],
          [7, 3, 5],
        ],
      }),
    };
    const settings = { testRows: "rows.json", split: 1, validation: 0, features: ["a"] };
    const { fields, train, validation, test: held } = await load(small, settings, files);
    const { mean, deviation } = standardizationOf(fields["x"]);
    expect(Array.from(held.columns["x"]!, (v) => Math.round(mean[0]! + deviation[0]! * v))).toEqual([
      7, 3, 5,
    ]);
    expect(train.count).toBe(7);
    expect(validation.columns["x"]).toEqual(train.columns["x"]);
    expect(mean[0]).toBeCloseTo((0 + 1 + 2 + 4 + 6 + 8 + 9) / 7, 12);
  });
});
