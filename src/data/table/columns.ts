import { VaeError } from "../../base/errors.ts";
import { isMissing, numberOf, oddFormOf } from "./cells.ts";
import { cellError, columnName, quoted, type RawColumn, type Table, unnamed } from "./table.ts";

interface Named {
  readonly name: string;
  /** From 1. */
  readonly number: number;
}

/** NaN where a value is missing. */
export interface NumberColumn extends Named {
  readonly kind: "number";
  readonly values: Float64Array;
}

/** "" where a value is missing. */
export interface CategoryColumn extends Named {
  readonly kind: "category";
  readonly values: readonly string[];
}

export type TypedColumn = NumberColumn | CategoryColumn;

/** Larger ones are infinite as float32. */
export const LARGEST = 2 ** 128 - 2 ** 103;

/** What the cells of a column are, whether it can be used or not. */
export interface Survey {
  /** Of numbers where at least half of the cells are numbers or look like them, and otherwise of categories. */
  readonly kind: "number" | "category" | "empty";
  /** As numbers; NaN of missing values and of text. */
  readonly values: Float64Array;
  /** The rows that are text. */
  readonly texts: readonly number[];
  readonly missing: number;
}

export function survey({ cells }: RawColumn): Survey {
  if (cells instanceof Float64Array) {
    const missing = cells.reduce((count, value) => count + Number(Number.isNaN(value)), 0);
    return { kind: missing < cells.length ? "number" : "empty", values: cells, texts: [], missing };
  }
  const values = new Float64Array(cells.length);
  const texts: number[] = [];
  let [numberLike, missing] = [0, 0];
  for (const [row, cell] of cells.entries()) {
    const value = numberOf(cell);
    values[row] = value ?? Number.NaN;
    if (value === undefined) texts.push(row);
    if (Number.isNaN(value)) missing++;
    else if (value !== undefined || oddFormOf(cell)) numberLike++;
  }
  const given = cells.length - missing;
  const kind = given === 0 ? "empty" : numberLike < given / 2 ? "category" : "number";
  return { kind, values, texts, missing };
}

/** A column with its values. Fails at the first cell that is not what the column is. */
export function typedColumn(table: Table, raw: RawColumn): TypedColumn {
  const { kind, values, texts, missing } = survey(raw);
  if (kind === "empty") throw allMissing(table, raw);
  if (kind === "category") return categoriesOf(raw);
  const given = table.count - missing;
  if (texts.length > 0) throw notANumber(table, raw, texts[0]!, given - texts.length, given);
  const { name, number } = raw;
  return { kind, name, number, values: checked(table, raw, values) };
}

/** A column whose values are categories, whether they are numbers or not. */
export function categoriesOf({ name, number, cells }: RawColumn): CategoryColumn {
  const values =
    cells instanceof Float64Array
      ? Array.from(cells, (value) => (Number.isNaN(value) ? "" : String(value)))
      : cells.map((cell) => (isMissing(cell) ? "" : canonical(cell)));
  return { kind: "category", name, number, values };
}

/** One text for one number: 1, 1.0 and 01 are one class. */
const canonical = (cell: string) => {
  const value = numberOf(cell);
  return value === undefined ? cell : String(value);
};

export const isMissingAt = (column: TypedColumn, row: number): boolean =>
  column.kind === "number" ? Number.isNaN(column.values[row]) : column.values[row] === "";

/** The distinct categories in these rows: numbers by their size, and other text by its characters. */
export function distinct({ values }: CategoryColumn, rows: Iterable<number>): string[] {
  const found = new Set<string>();
  for (const row of rows) found.add(values[row]!);
  const all = [...found];
  return all.every((value) => Number.isFinite(Number(value)))
    ? all.toSorted((a, b) => Number(a) - Number(b))
    : all.toSorted();
}

function checked(table: Table, raw: RawColumn, values: Float64Array): Float64Array {
  const row = values.findIndex((value) => Math.abs(value) > LARGEST);
  if (row < 0) return values;
  const cell = String(raw.cells[row]);
  throw cellError(
    table,
    raw,
    row,
    `${quoted(cell)} is ${/^[+-]?inf/i.test(cell) ? "infinite" : "too large"}. Accepted: finite numbers of 32 bits, up to 3.4e38.${toLeaveOut(raw)}`,
  );
}

function notANumber(table: Table, raw: RawColumn, row: number, numbers: number, given: number): VaeError {
  const cell = String(raw.cells[row]);
  const odd = oddFormOf(cell);
  if (odd) return cellError(table, raw, row, `${quoted(cell)} is ${odd}.${toLeaveOut(raw)}`);
  const mayBeName = row === 0 && raw.name === unnamed(raw.number);
  return cellError(
    table,
    raw,
    row,
    `${quoted(cell)} is text in a column of numbers (${numbers} of ${given} are). Correct it; or empty it and give --dataset.missing drop; ` +
      `or read each value as a category, a target by --dataset.targetKind class, a feature by --dataset.categories ${nameInFlag(raw)}.` +
      (mayBeName ? " If this line has the names of the columns: --dataset.header true." : ""),
  );
}

const allMissing = (table: Table, raw: RawColumn) =>
  new VaeError("failure", `${table.path}, ${columnName(raw)}: no row has a value.${toLeaveOut(raw)}`);

export const toLeaveOut = (raw: Named) =>
  ` To leave ${columnName(raw)} out, name the other features by --dataset.features.`;

export const nameInFlag = ({ name, number }: Named) => (/^[\w.-]+$/.test(name) ? name : String(number));
