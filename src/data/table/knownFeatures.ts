import { didYouMean, VaeError } from "../../base/errors.ts";
import type { Field, Standardization } from "../field.ts";
import { categoriesOf, isMissingAt, type TypedColumn, typedColumn } from "./columns.ts";
import { categoryName } from "./features.ts";
import { cellError, quoted, type RawColumn, type Table } from "./table.ts";

/** A column of the table, and the values of x that are made of it, by their places. */
interface Known {
  readonly raw: RawColumn;
  /** Of a column of categories, each with the place of its value; of numbers the one place. */
  readonly categories?: ReadonlyMap<string, number>;
  readonly place?: number;
}

/**
 * x of the rows of a table that a model has not learned from: columns are found by the names that they had where it did, and
 * standardised as there, [count, D].
 */
export function knownFeatures(
  table: Table,
  x: Field & { readonly standardized?: Standardization },
): Float32Array {
  const names = x.valueNames ?? [];
  const D = names.length;
  const out = new Float32Array(table.count * D);
  for (const known of columnsFor(table, names)) {
    const column = known.categories ? categoriesOf(known.raw) : typedColumn(table, known.raw);
    for (let row = 0; row < table.count; row++) {
      if (isMissingAt(column, row)) {
        throw cellError(table, known.raw, row, "the value is missing, and a prediction needs all of them.");
      }
      const [place, value] = valueAt(table, known, column, row);
      const { mean, deviation } = x.standardized!;
      out[row * D + place] = (value - mean[place]!) / deviation[place]!;
    }
  }
  return out;
}

function valueAt(
  table: Table,
  { raw, categories, place }: Known,
  column: TypedColumn,
  row: number,
): [place: number, value: number] {
  if (column.kind === "number") return [place!, column.values[row]!];
  const category = column.values[row]!;
  const found = categories?.get(category);
  if (found !== undefined) return [found, 1];
  const accepted = categories
    ? [...categories.keys()].slice(0, 20).join(", ")
    : "numbers, as the model has learned from";
  throw cellError(
    table,
    raw,
    row,
    `${quoted(category)} is not among what the model knows. Accepted: ${accepted}.`,
  );
}

function columnsFor(table: Table, names: readonly string[]): Known[] {
  const numbers: Known[] = [];
  const categories = new Map<RawColumn, Map<string, number>>();
  for (const [place, name] of names.entries()) {
    const exact = table.columns.find((column) => column.name === name);
    if (exact) {
      numbers.push({ raw: exact, place });
      continue;
    }
    const raw = table.columns.find((column) => name.startsWith(categoryName(column.name, "")));
    if (!raw) throw withoutColumn(table, name);
    const known = categories.get(raw) ?? new Map<string, number>();
    categories.set(raw, known.set(name.slice(categoryName(raw.name, "").length), place));
  }
  return [...numbers, ...[...categories].map(([raw, known]) => ({ raw, categories: known }))];
}

function withoutColumn({ path, columns }: Table, name: string): VaeError {
  const names = columns.map((column) => column.name);
  return new VaeError(
    "usage",
    `${path} has no column ${name}, which the model predicts from. It has ${names.slice(0, 20).join(", ")}.${didYouMean(name, names)}`,
  );
}
