import { VaeError } from "../../base/errors.ts";
import { distinct, type NumberColumn, type TypedColumn } from "./columns.ts";
import type { FieldRows, TableField } from "./features.ts";
import { standardizationOf, statisticsOf, writeStandardized } from "./standardize.ts";
import { cellError, columnName, quoted, type Table } from "./table.ts";

export type TargetKind = "real" | "class" | "count";

/** y: real numbers standardised as the features are, counts as they are, or the index of a class. */
export function targetField(
  table: Table,
  column: TypedColumn,
  kind: TargetKind,
  rows: FieldRows,
): TableField {
  const first = column.values[rows.train[0]!]!;
  if (rows.train.every((row) => column.values[row] === first)) throw constant(table, column, first);
  if (column.kind === "category") return classField(table, column, rows);
  return kind === "count" ? countField(table, column, rows) : realField(column, rows);
}

function realField(column: NumberColumn, { train }: FieldRows): TableField {
  const { values, name } = column;
  const statistics = statisticsOf(values, train);
  return {
    field: {
      name: "y",
      kind: "real",
      shape: [1],
      show: "value",
      valueNames: [name],
      standardized: standardizationOf([statistics]),
    },
    valuesIn: (rows) => {
      const out = new Float32Array(rows.length);
      writeStandardized(out, { values, rows, d: 0, D: 1 }, statistics);
      return out;
    },
  };
}

/** Whole numbers up to this one are themselves in float32. */
const LARGEST_COUNT = 2 ** 24;

function countField(table: Table, column: NumberColumn, { used }: FieldRows): TableField {
  const { values, name } = column;
  const odd = used.find(
    (row) => !(Number.isInteger(values[row]) && values[row]! >= 0 && values[row]! <= LARGEST_COUNT),
  );
  if (odd !== undefined) {
    throw cellError(
      table,
      column,
      odd,
      `${values[odd]} is no count. Accepted: whole numbers 0, 1, 2 … up to ${LARGEST_COUNT}; --dataset.targetKind real reads any numbers.`,
    );
  }
  return {
    field: { name: "y", kind: "count", shape: [1], show: "value", valueNames: [name] },
    valuesIn: (rows) => Float32Array.from(rows, (row) => values[row]!),
  };
}

const MOST_CLASSES = 256;

function classField(
  table: Table,
  column: TypedColumn & { kind: "category" },
  { used }: FieldRows,
): TableField {
  const classNames = distinct(column, used);
  if (classNames.length > MOST_CLASSES) {
    throw new VaeError(
      "failure",
      `${table.path}, ${columnName(column)}: the target has ${classNames.length} classes in ${used.length} rows ` +
        `(${classNames.slice(0, 3).map(quoted).join(", ")}, …). Accepted: 2 to ${MOST_CLASSES}; ` +
        "--dataset.target names another column, --dataset.targetKind real reads numbers.",
    );
  }
  const indices = new Map(classNames.map((name, i) => [name, i]));
  return {
    field: {
      name: "y",
      kind: "class",
      shape: [1],
      show: "value",
      classCount: classNames.length,
      classNames,
      valueNames: [column.name],
    },
    valuesIn: (rows) => Uint8Array.from(rows, (row) => indices.get(column.values[row]!)!),
  };
}

const constant = ({ path }: Table, column: TypedColumn, value: string | number) =>
  new VaeError(
    "failure",
    `${path}, ${columnName(column)}: the target is ${value} in every training row, so there is nothing to predict. ` +
      "Accepted: one that varies; --dataset.target names another column.",
  );
