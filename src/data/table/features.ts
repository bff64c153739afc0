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

/**
 * x: numbers less their mean in the training rows and divided by their deviation there; categories one-hot, among all that
 * the rows in use have.
 */
export function featuresField(
  columns: readonly TypedColumn[],
  { used, train }: { readonly used: Uint32Array; readonly train: Uint32Array },
): TableField {
  const features = columns.flatMap((column): Feature[] =>
    column.kind === "number"
      ? [{ ...column, ...statisticsOf(column.values, train) }]
      : oneHot(column, used).map((feature) => ({ ...feature, mean: 0, deviation: 1 })),
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

function oneHot(column: CategoryColumn, used: Uint32Array): Pick<Feature, "name" | "values">[] {
  const categories = distinct(column, used);
  if (
    categories.length > MOST_CATEGORIES ||
    (categories.length > 10 && categories.length > used.length / 2)
  ) {
    const some = categories.slice(0, 3).map(quoted).join(", ");
    throw new VaeError(
      "failure",
      `${columnName(column)}: text, of which ${categories.length} are different in ${used.length} rows (${some}, …): names rather than categories. ` +
        `Accepted: up to ${MOST_CATEGORIES} categories that come again.${toLeaveOut(column)}`,
    );
  }
  return categories.map((category) => ({
    name: `${column.name}=${category}`,
    values: Float64Array.from(column.values, (value) => Number(value === category)),
  }));
}
