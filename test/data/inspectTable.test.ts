import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeEach, expect, test, vi } from "vitest";
import { dataCommand } from "../../src/commands/data.ts";
import { shownColumns } from "../../src/figures/charts/columnsChart.ts";
import { failureOf, temporaryFolder } from "./files.ts";

beforeEach(() => {
  vi.restoreAllMocks();
});

/** What `vae data inspect …` prints of a table of this text, with its figure in `t.png`. */
async function inspect(text: string, ...options: string[]) {
  const folder = await temporaryFolder();
  const path = join(folder, "t.csv");
  await writeFile(path, text);
  const out: unknown[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(text) > 0);
  const figure = join(folder, "t.png");
  await dataCommand().parseAsync(["inspect", path, "--out", figure, ...options], { from: "user" });
  vi.restoreAllMocks();
  return { out: out.join("").replaceAll(folder, "TMP"), png: PNG.sync.read(await readFile(figure)) };
}

/** Ages with a gap, a mistake, a date, and a last column of text. */
const mixed = [
  "age,height in cm,born,unit,group",
  ...[
    "20,180.5,2001-02-03,5,b",
    ",170,2002-02-03,5,a",
    "40,1e39,2003-02-03,5,b",
    "x,160.5,2004-02-03,5,b",
    "60,170,2005-02-03,5,c",
  ],
].join("\n");

/** Whether a pixel has the colour of the target. */
const isVermilion = ([red, green, blue]: Uint8Array) => red === 0xd5 && green === 0x5e && blue === 0x00;

const countOf = ({ data }: PNG, is: (pixel: Uint8Array) => boolean) => {
  let count = 0;
  for (let i = 0; i < data.length; i += 4) count += Number(is(data.subarray(i, i + 3)));
  return count;
};

test("inspect tells what is in each column, in the units of the file, and draws it", async () => {
  const { out, png } = await inspect(mixed);
  expect(out).toMatchInlineSnapshot(`
    "TMP/t.csv: 5 rows, 5 columns
       COLUMN        KIND        VALUES  MISSING  DISTINCT  MIN    MEAN    SD      MAX
    1  age           number      3       1        3         20     40      16.33   60     1 cannot be used as a number, the first in line 5: "x"
    2  height in cm  number      4       0        3         160.5  170.25  7.0755  180.5  1 cannot be used as a number, the first in line 4: "1e39"
    3  born          categories  5       0        5                                       5 cannot be used as a number, the first in line 2: "2001-02-03"
    4  unit          number      5       0        1         5      5       0       5      constant
    5  group         categories  5       0        3                                       target; b: 3, a: 1, c: 1
    drawn: TMP/t.png
    "
  `);
  expect(png.width).toBe(2 * 1240);
  expect(countOf(png, isVermilion)).toBeGreaterThan(10_000);
});

test("with --json, all of it; a target and features may be chosen", async () => {
  const { out } = await inspect(mixed, "--target", "age", "--features", "group,4", "--json");
  const told = JSON.parse(out);
  expect(told).toMatchObject({ rows: 5, target: "age", file: "TMP/t.png" });
  expect(told.columns.map(({ name }: { name: string }) => name)).toEqual(["group", "unit", "age"]);
  const { histogram, standardDeviation, ...age } = told.columns[2];
  expect(age).toEqual({
    ...{
      name: "age",
      number: 1,
      kind: "number",
      count: 3,
      missing: 1,
      distinct: 3,
      min: 20,
      mean: 40,
      max: 60,
    },
    odd: { count: 1, first: 'line 5: "x"' },
  });
  expect(standardDeviation).toBeCloseTo(Math.sqrt((20 ** 2 + 0 + 20 ** 2) / 3), 12);
  expect([histogram.length, histogram[0], histogram[12], histogram[23]]).toEqual([24, 1, 1, 1]);
  expect(told.columns[0].top).toEqual([
    { value: "b", count: 3 },
    { value: "a", count: 1 },
    { value: "c", count: 1 },
  ]);
});

test("a figure has up to 30 columns, the target among them", async () => {
  const columns = Array.from({ length: 40 }, (_, i) => ({ number: i + 1 }));
  const numbers = (target: number) => shownColumns(columns, target).map(({ number }) => number);
  expect(numbers(3)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(numbers(40)).toEqual([...Array.from({ length: 29 }, (_, i) => i + 1), 40]);
  const wide = ["", "1", "2"].map((cell, row) =>
    columns.map(({ number }) => (row ? cell : `c${number}`)).join(),
  );
  const { out, png } = await inspect(wide.join("\n"));
  expect(out).toContain("drawn: TMP/t.png, 30 of them drawn");
  expect(png.height).toBeGreaterThan(6 * 2 * 150);
});

test("what cannot be inspected is told by the names of the options", async () => {
  const fail = (...args: string[]) =>
    failureOf(dataCommand().parseAsync(["inspect", ...args], { from: "user" }));
  expect(await fail("table")).toMatch(
    /^usage: vae data inspect table: --path is missing\. Accepted: table of text/,
  );
  expect(await fail("./no.csv")).toMatch(/^usage: dataset\.path is \.\/no\.csv, .*no such file/);
  expect(await fail("a.csv", "--split", "test")).toMatch(/^usage: .* --split: not for table/);
  expect(await fail("a.csv", "--delimiter", "x")).toMatch(/^usage: .* --delimiter: .*expected one of/);
  expect(await fail("digits", "--target", "y")).toMatch(/^usage: .* --target: not for digits/);
});
