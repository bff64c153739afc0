import { VaeError } from "../../base/errors.ts";
import type { Field } from "../field.ts";
import { type CategoryColumn, distinct, type TypedColumn, toLeaveOut } from "./columns.ts";
import { standardizationOf, statisticsOf, writeStandardized } from "./standardize.ts";
import { columnName, quoted } from "./table.ts";

/** A field of a table, and its values in some of the rows. */
export interface TableField {
  readonly field: Field;
  readonly valuesIn: (rows: Uint32Array) => Float32Array | Uint8Array;
}

/** One value of x, or each category of a column, in numbers that the training rows standardise. */
interface Feature {
  readonly name: string;
  readonly values: Float64Array;
  readonly mean: number;
  readonly deviation: number;
}

/** What is made of which rows. */
export interface FieldRows {
  /** All that have a value in each column. */
  readonly used: Uint32Array;
  readonly train: Uint32Array;
}

interface About {
  readonly path: string;
  readonly warn: (text: string) => void;
}

/**
 * x: numbers less their mean in the training rows and divided by their deviation there; categories one-hot, among all that
 * the rows in use have. `warn` hears of those that no training row has.
 */
export function featuresField(columns: readonly TypedColumn[], rows: FieldRows, about: About): TableField {
  const features = columns.flatMap((column): Feature[] =>
    column.kind === "number"
      ? [{ ...column, ...statisticsOf(column.values, rows.train) }]
      : oneHot(column, rows, about).map((feature) => ({ ...feature, mean: 0, deviation: 1 })),
  );
  const D = features.length;
  return {
    field: {
      name: "x",
      kind: "real",
      shape: [D],
      show: "value",
      valueNames: features.map(({ name }) => name),
      standardized: standardizationOf(features),
    },
    valuesIn: (rows) => {
      const out = new Float32Array(rows.length * D);
      for (const [d, feature] of features.entries())
        writeStandardized(out, { values: feature.values, rows, d, D }, feature);
      return out;
    },
  };
}

const MOST_CATEGORIES = 256;

/** From so many on, categories must come again. */
const SOME_CATEGORIES = 10;

function oneHot(
  column: CategoryColumn,
  { used, train }: FieldRows,
  { path, warn }: About,
): Pick<Feature, "name" | "values">[] {
  const categories = distinct(column, used);
  const count = categories.length;
  const where = `${path}, ${columnName(column)}`;
  if (count > MOST_CATEGORIES || (count > SOME_CATEGORIES && count > used.length / 2)) {
    throw new VaeError(
      "failure",
      `${where}: ${count} different values in ${used.length} rows (${someOf(categories)}): names rather than categories. ` +
        `Accepted: up to ${MOST_CATEGORIES} categories that come again.${toLeaveOut(column)}`,
    );
  }
  const seen = new Set(distinct(column, train));
  const unseen = categories.filter((category) => !seen.has(category));
  if (unseen.length > 0) {
    warn(
      `${where}: no training row has ${someOf(unseen)}, so nothing is learned of ${unseen.length === 1 ? "it" : "them"}.`,
    );
  }
  return categories.map((category) => ({
    name: categoryName(column.name, category),
    values: Float64Array.from(column.values, (value) => Number(value === category)),
  }));
}

/** What a value of x is called that is 1 for a category of a column. */
export const categoryName = (column: string, category: string) => `${column}=${category}`;

const someOf = (categories: readonly string[]) =>
  `${categories.slice(0, 3).map(quoted).join(", ")}${categories.length > 3 ? ", …" : ""}`;
