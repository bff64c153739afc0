import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, failureOf, temporaryFolder } from "./files.ts";
import { bytes, encodeNpz } from "./numpyFiles.ts";

/** A table a, b, y of rows that `row` makes. */
const table = (count: number, row: (i: number) => string) =>
  ["a,b,y", ...Array.from({ length: count }, (_, i) => row(i))].join("\n");

const good = table(12, (i) => `${i},${(3 * i) % 7},${i * i}`);

/** The same with another text in place of a line, counted from 1. */
const withLine = (line: number, text: string) =>
  good
    .split("\n")
    .with(line - 1, text)
    .join("\n");

interface Bad {
  readonly kind: string;
  readonly text: string | Buffer;
  readonly settings?: object;
  /** The content of the file of test rows. */
  readonly testRows?: string;
  /** Its words, of the error. */
  readonly told: RegExp;
}

const bad: readonly Bad[] = [
  {
    kind: "too few cells",
    text: withLine(5, "1,2"),
    told: /^failure: TMP\/t\.csv, line 5: 2 values .*line 1 has 3/,
  },
  { kind: "too many cells", text: withLine(5, "1,2,3,4"), told: /line 5: 4 values/ },
  {
    kind: "text in a feature",
    text: withLine(5, "1,abc,3"),
    told: /line 5, column 2 \(b\): "abc" is text in a column of numbers \(11 of 12 are\).*--dataset\.categories b/,
  },
  {
    kind: "text in the target",
    text: withLine(6, "1,2,high"),
    told: /line 6, column 3 \(y\): "high".*targetKind class/,
  },
  {
    kind: "no value",
    text: withLine(5, "1,,3"),
    told: /line 5, column 2 \(b\): no value; 1 of 12.*--dataset\.missing drop/,
  },
  { kind: "NaN", text: withLine(5, "1,2,NaN"), told: /line 5, column 3 \(y\): no value \("NaN"\)/ },
  {
    kind: "no category",
    text: table(12, (i) => `${i},${i % 2 ? "u" : "?"},${i}`),
    told: /line 2, .*no value \("\?"\); 6 of/,
  },
  {
    kind: "no value in a column",
    text: table(12, (i) => `${i},,${i}`),
    told: /column 2 \(b\): no row has a value/,
  },
  {
    kind: "no row complete",
    text: table(12, (i) => (i % 2 ? `${i},,${i}` : `,${i},${i}`)),
    settings: { missing: "drop" },
    told: /0 rows to use \(12 of 12 lack a value/,
  },
  { kind: "infinity", text: withLine(5, "1,-inf,3"), told: /line 5, column 2 \(b\): "-inf" is infinite/ },
  {
    kind: "too large for float32",
    text: withLine(5, "1,3.5e38,3"),
    told: /line 5, .*"3\.5e38" is too large.*3\.4e38/,
  },
  { kind: "too large for float64", text: withLine(5, "1,1e999,3"), told: /line 5, .*"1e999" is too large/ },
  {
    kind: "constant target",
    text: table(12, (i) => `${i},${i},5`),
    told: /column 3 \(y\): the target is 5 in every training row/,
  },
  { kind: "one class", text: table(12, (i) => `${i},${i},x`), told: /the target is x in every training row/ },
  {
    kind: "301 classes",
    text: table(602, (i) => `${i},${i},c${i % 301}`),
    told: /301 classes in 602 rows \("c0", .*2 to 256/,
  },
  { kind: "one row", text: table(1, () => "1,2,3"), told: /has 1 row to use, of which 1 would be for test/ },
  {
    kind: "three rows",
    text: table(3, (i) => `${i},2,${i}`),
    told: /3 rows to use.* 1 for training.*at least 1 for test and 2/,
  },
  {
    kind: "more held out than there is",
    text: good,
    settings: { validation: 50 },
    told: /50 for validation and 0 for training/,
  },
  { kind: "an empty file", text: "", told: /t\.csv is empty/ },
  { kind: "blank lines", text: "\n  \n\n", told: /t\.csv is empty/ },
  {
    kind: "names alone",
    text: "a,b,y\n",
    told: /the names of 3 columns, but no rows.*--dataset\.header false/,
  },
  {
    kind: "Latin-1",
    text: Buffer.from(withLine(3, "1,2é,3"), "latin1"),
    told: /byte 15, 0xE9 in line 3, is not UTF-8.*iconv/,
  },
  { kind: "a zero byte", text: withLine(5, "1,\0,3"), told: /byte 26, in line 5, is 0, .*binary/ },
  {
    kind: "a picture",
    text: Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"),
    told: /is 26, .*binary/,
  },
  { kind: "gzip", text: gzipSync(good), told: /compressed by gzip.*gunzip/ },
  {
    kind: "a workbook",
    text: encodeNpz({ "[Content_Types].xml": bytes([1]) }),
    told: /workbook.*save its sheet as CSV/,
  },
  {
    kind: "two columns of one name",
    text: good.replace("a,b", "b,b"),
    told: /columns 1 and 2 are both called "b"/,
  },
  {
    kind: "an unknown target",
    text: good.replace("y", "strength"),
    settings: { target: "strenght" },
    told: /^usage: .*Did you mean strength\?/,
  },
  {
    kind: "target 0",
    text: good,
    settings: { target: 0 },
    told: /dataset\.target is 0, .*from 1 to 3, or -1/,
  },
  {
    kind: "an unknown feature",
    text: good,
    settings: { features: ["a", "B"] },
    told: /dataset\.features is B, .*It has 3: a, b, y/,
  },
  {
    kind: "a name, but no names in the file",
    text: good.slice(6),
    settings: { target: "y" },
    told: /1 to 3.*--dataset\.header true/,
  },
  {
    kind: "names read as a row",
    text: good,
    settings: { header: false },
    told: /line 1, column 3: "y" is text.*header true/,
  },
  {
    kind: "the target among the features",
    text: good,
    settings: { features: ["a", 3] },
    told: /both name column 3 \(y\)/,
  },
  {
    kind: "a feature twice",
    text: good,
    settings: { features: ["a", 1] },
    told: /dataset\.features names column 1 \(a\) twice/,
  },
  {
    kind: "a quote that stays open",
    text: withLine(5, '1,"2,3'),
    told: /line 5: a double quote opens .*none closes it/,
  },
  {
    kind: "a quote inside a cell",
    text: withLine(5, '1,2",3'),
    told: /line 5: a double quote inside a cell/,
  },
  { kind: "text after a quote", text: withLine(5, '1,"2"x,3'), told: /line 5: .*text follows it/ },
  {
    kind: "another delimiter",
    text: good.replaceAll(",", ":"),
    told: /1 column, a:b:y\. .*--dataset\.delimiter/,
  },
  {
    kind: "the wrong delimiter",
    text: good,
    settings: { delimiter: ";" },
    told: /1 column, a,b,y\. .*--dataset\.delimiter/,
  },
  {
    kind: "decimal commas",
    text: table(12, (i) => `${i},"3,${i}",${i}`),
    told: /line 2, .*"3,0" is a number with a decimal comma/,
  },
  {
    kind: "decimal commas between semicolons",
    text: good.replaceAll(",", ";").replace("\n2;", "\n2,5;"),
    told: /line 4, column 1 \(a\): "2,5" is a number with a decimal comma/,
  },
  {
    kind: "thousands",
    text: table(12, (i) => `${i},"1,${100 + i}",${i}`),
    told: /"1,100" is a number with separators/,
  },
  {
    kind: "percent",
    text: table(12, (i) => `${i},${i}%,${i}`),
    told: /"0%" is a number with a sign of its unit/,
  },
  {
    kind: "dates",
    text: table(12, (i) => `${i},2020-01-${10 + i},${i}`),
    told: /"2020-01-10" is a date.*To leave column 2 \(b\) out/,
  },
  {
    kind: "names as a feature",
    text: table(30, (i) => `${i},name${i},${i}`),
    told: /30 different values in 30 rows \("name0", /,
  },
  {
    kind: "negative counts",
    text: withLine(5, "1,2,-3"),
    settings: { targetKind: "count" },
    told: /line 5, column 3 \(y\): -3 is no count/,
  },
  {
    kind: "fractional counts",
    text: withLine(5, "1,2,2.5"),
    settings: { targetKind: "count" },
    told: /line 5, .*2\.5 is no count/,
  },
  {
    kind: "text for a real target",
    text: table(12, (i) => `${i},${i},${i % 2 ? "u" : "v"}`),
    settings: { targetKind: "real" },
    told: /text, such as "v"/,
  },
  {
    kind: "no word for a split",
    text: good,
    settings: { splitColumn: "a" },
    told: /line 2, column 1 \(a\): "0" names no split.*train, /,
  },
  {
    kind: "no test rows in a split column",
    text: table(9, (i) => `${i},Train,${i}`),
    settings: { splitColumn: "b" },
    told: /no row is test/,
  },
  {
    kind: "a test row beyond the end",
    text: good,
    testRows: "[1, 12]",
    told: /test row 12 \(number 2 in the list\) is no row.*0 to 11.*subtract 1/,
  },
  { kind: "a negative test row", text: good, testRows: "-1\n2", told: /test row -1 \(number 1/ },
  {
    kind: "a test row twice",
    text: good,
    testRows: "[[1, 2], [3, 3]]",
    settings: { split: 1 },
    told: /rows, list 1: test row 3 .*twice/,
  },
  {
    kind: "all rows for test",
    text: good,
    testRows: JSON.stringify([...Array(12).keys()]),
    told: /all 12 rows of TMP\/t\.csv are test rows/,
  },
  {
    kind: "a list that is not there",
    text: good,
    testRows: "[[1], [2]]",
    settings: { split: 2 },
    told: /dataset\.split is 2, .*2 lists.*0 to 1/,
  },
  {
    kind: "no list",
    text: good,
    testRows: '{ "train": [1] }',
    told: /holds no list of test rows\. Accepted: a JSON list/,
  },
  { kind: "no JSON", text: good, testRows: "hello", told: /no test rows by their form/ },
  {
    kind: "two ways to split",
    text: good,
    testRows: "[1]",
    settings: { splitColumn: "a" },
    told: /give one of them/,
  },
  {
    kind: "a target as a category of features",
    text: good,
    settings: { categories: ["y"] },
    told: /column 3 \(y\), which is no feature/,
  },
];

test.each(bad)("$kind: one paragraph says what is wrong", async ({ text, settings, testRows, told }) => {
  const folder = await temporaryFolder();
  const path = join(folder, "t.csv");
  await writeFile(path, text);
  if (testRows !== undefined) await writeFile(join(folder, "rows"), testRows);
  const rows = testRows !== undefined && { testRows: join(folder, "rows") };
  const config = datasetSchema.parse({ name: "table", path, ...rows, ...settings });
  const message = await failureOf(loadDataset(config, contextIn(folder)), folder);
  expect(message).toMatch(told);
  expect(message).toMatch(/^(failure|usage): (TMP\/|dataset\.)[^\n]{40,460}$/);
});

test("a folder, and no file, in place of a table", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "t.csv"));
  const fail = (name: string) =>
    failureOf(
      loadDataset(datasetSchema.parse({ name: "table", path: join(folder, name) }), contextIn(folder)),
      folder,
    );
  expect(await fail("t.csv")).toMatch(/^usage: dataset\.path is TMP\/t\.csv, which cannot be read: a folder/);
  expect(await fail("u.csv")).toMatch(/^usage: dataset\.path is TMP\/u\.csv, .*there is no such file/);
});
