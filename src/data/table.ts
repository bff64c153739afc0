import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { Split } from "./dataset.ts";
import { defineSource, type LoadContext, ownFilesOnly, stopIfAborted } from "./source.ts";
import { chooseColumns, pickColumn } from "./table/choose.ts";
import { categoriesOf, type TypedColumn, typedColumn } from "./table/columns.ts";
import { completeRows } from "./table/completeRows.ts";
import { delimiters } from "./table/delimited.ts";
import { type ColumnDescription, describeColumn } from "./table/describe.ts";
import { featuresField } from "./table/features.ts";
import { readTable } from "./table/readTable.ts";
import { splitsOfColumn } from "./table/splitColumn.ts";
import { type Assigned, splitRows } from "./table/splitRows.ts";
import { columnName, quoted, type RawColumn, type Table } from "./table/table.ts";
import { targetField } from "./table/target.ts";
import { readTestRows } from "./table/testRows.ts";

const summary = "your own table of numbers and categories: CSV, TSV or arrays of numpy";

const column = z.union([z.int(), z.string().min(1)]);

const share = z
  .number()
  .min(0)
  .refine((value) => value < 1 || Number.isInteger(value), "a share below 1 or a whole number of rows");

const schema = z.strictObject({
  name: z.literal("table").describe(summary),
  path: z
    .string()
    .min(1)
    .describe("table of text, or .npz file of arrays x [N, F] and y [N]; relative to the working directory"),
  target: column.optional().describe("name or number of the column to predict, -1 being the last (default)"),
  targetKind: z
    .enum(["auto", "real", "class", "count"])
    .default("auto")
    .describe("what the target is; auto takes text for classes and numbers for real ones"),
  features: z
    .array(column)
    .min(1)
    .optional()
    .describe("names or numbers of the columns to predict from (default: all others)"),
  categories: z
    .array(column)
    .default([])
    .describe(
      "features whose numbers are categories; text always is: one-hot, of all categories in the file",
    ),
  header: z
    .union([z.literal("auto"), z.boolean()])
    .default("auto")
    .describe("whether the first line has the names of the columns; auto says so if none of it is a number"),
  delimiter: z
    .enum(["auto", ...delimiters])
    .default("auto")
    .describe(
      "what is between the cells of a line; auto takes what gives the first lines equal numbers of cells",
    ),
  missing: z
    .enum(["error", "drop"])
    .default("error")
    .describe(
      "what becomes of rows without a value (an empty cell, NA, NaN, null, ?) in a column that is used",
    ),
  validation: share
    .default(0.1)
    .describe(
      "share, or number, of the rows not for test that are held out for validation; 0: the training rows serve for it too",
    ),
  test: share
    .refine((value) => value > 0, "more than 0")
    .default(0.1)
    .describe(
      "share, or number, of the rows that are drawn for test, unless testRows or splitColumn name them",
    ),
  seed: z.int().min(0).default(0).describe("which rows are drawn"),
  split: z.int().min(0).default(0).describe("which of several splits: list k of testRows, or another draw"),
  testRows: z
    .string()
    .min(1)
    .optional()
    .describe(
      "file of the test rows, counted from 0: a JSON list, several, an object with them as test, or a row on each line",
    ),
  splitColumn: column
    .optional()
    .describe("column that says of each row whether it is for train, validation or test"),
  limit: z.int().min(1).optional().describe("use only the first N rows of each split, for a quick trial"),
});

export type TableConfig = z.output<typeof schema>;

/** The user's own table, for regression and classification: x, its features, and y, its target. */
export const table = defineSource({
  schema,
  summary,
  async load(config, context) {
    const read = await readTable(config.path, config, context.warn);
    stopIfAborted(context);
    const chosen = chooseColumns(read, config);
    const target = typedTarget(read, chosen.target, config.targetKind);
    const features = typedFeatures(read, chosen.features, config.categories);
    const used = completeRows(read, [...features, target], config.missing);
    const { assigned, hashes } = await assignedRows(read, chosen.split, used, config);
    const rows = splitRows(read, used, assigned, config);
    stopIfAborted(context);
    const about = { used, train: rows.train };
    const kind = config.targetKind === "auto" ? "real" : config.targetKind;
    const x = featuresField(features, about, { path: read.path, warn: context.warn ?? (() => {}) });
    const y = targetField(read, target, kind, about);
    const split = (rows: Uint32Array): Split => ({
      count: rows.length,
      columns: { x: x.valuesIn(rows), y: y.valuesIn(rows) },
    });
    const train = split(rows.train);
    return {
      fields: { x: x.field, y: y.field },
      train,
      validation: rows.validation === rows.train ? train : split(rows.validation),
      test: split(rows.test),
      hashes: { [config.path]: read.sha256, ...hashes },
    };
  },
  ...ownFilesOnly("table"),
});

/** The settings that say how a table is read, and what of it is looked at. */
export const tableViewSchema = schema.pick({
  path: true,
  target: true,
  features: true,
  header: true,
  delimiter: true,
});

export type TableView = z.output<typeof tableViewSchema>;

/** What is in the columns of a table, or in the `features` and the target, whether or not one could train on it. */
export async function describeTable(
  view: TableView,
  context: Pick<LoadContext, "warn">,
): Promise<{
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly ColumnDescription[];
  /** The column that training would predict. */
  readonly target: RawColumn;
}> {
  const read = await readTable(view.path, view, context.warn);
  const target = pickColumn(read, view.target ?? -1, "--target");
  const chosen = view.features?.map((reference) => pickColumn(read, reference, "--features"));
  const columns = chosen ? [...chosen.filter((column) => column !== target), target] : read.columns;
  return {
    path: read.path,
    rows: read.count,
    columns: columns.map((column) => describeColumn(read, column)),
    target,
  };
}

function typedTarget(read: Table, raw: RawColumn, kind: TableConfig["targetKind"]): TypedColumn {
  if (kind === "class") return categoriesOf(raw);
  const column = typedColumn(read, raw);
  if (column.kind === "number" || kind === "auto") return column;
  throw new VaeError(
    "usage",
    `dataset.targetKind is ${kind}, but ${columnName(raw)} of ${read.path} is text, such as ${quoted(String(raw.cells[0]))}. ` +
      "Accepted: a column of numbers, which --dataset.target names; or --dataset.targetKind class.",
  );
}

function typedFeatures(
  read: Table,
  features: readonly RawColumn[],
  categories: TableConfig["categories"],
): TypedColumn[] {
  const named = categories.map((reference) => pickColumn(read, reference, "dataset.categories"));
  const other = named.find((column) => !features.includes(column));
  if (other) {
    throw new VaeError(
      "usage",
      `dataset.categories names ${columnName(other)}, which is no feature. Accepted: ${features.map(columnName).slice(0, 20).join(", ")}.`,
    );
  }
  return features.map((raw) => (named.includes(raw) ? categoriesOf(raw) : typedColumn(read, raw)));
}

/** What the user's settings say of which rows are for what. */
async function assignedRows(
  read: Table,
  column: RawColumn | undefined,
  used: Uint32Array,
  { testRows, split }: TableConfig,
): Promise<{ assigned: Assigned; hashes: Record<string, string> }> {
  if (testRows === undefined) {
    return { assigned: column ? splitsOfColumn(read, column, used) : {}, hashes: {} };
  }
  if (column) {
    throw new VaeError(
      "usage",
      "dataset.testRows and dataset.splitColumn both say which rows are for test: give one of them.",
    );
  }
  const { rows, sha256 } = await readTestRows(testRows, read, split);
  const isUsed = new Set(used);
  return { assigned: { test: rows.filter((row) => isUsed.has(row)) }, hashes: { [testRows]: sha256 } };
}
