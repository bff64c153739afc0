import type { Standardization } from "../field.ts";

/** Mean and deviation (divided by N) of `values` in `rows`; a constant has deviation 1. In two passes of float64. */
export function statisticsOf(
  values: Float64Array,
  rows: Uint32Array,
): { readonly mean: number; readonly deviation: number; readonly isConstant: boolean } {
  const first = values[rows[0]!]!;
  if (rows.every((row) => values[row] === first)) return { mean: first, deviation: 1, isConstant: true };
  let sum = 0;
  for (const row of rows) sum += values[row]! / rows.length;
  const mean = sum;
  let squares = 0;
  for (const row of rows) squares += (values[row]! - mean) ** 2 / rows.length;
  return { mean, deviation: Math.sqrt(squares), isConstant: false };
}

/** (value − mean) / deviation of the rows of one column, at a place d of D in each example. */
export function writeStandardized(
  out: Float32Array,
  { values, rows, d, D }: { values: Float64Array; rows: Uint32Array; d: number; D: number },
  { mean, deviation }: Pick<Standardized, "mean" | "deviation">,
): void {
  for (const [i, row] of rows.entries()) out[i * D + d] = (values[row]! - mean) / deviation;
}

interface Standardized {
  readonly mean: number;
  readonly deviation: number;
}

/** One for each value of a field. */
export const standardizationOf = (all: readonly Standardized[]): Standardization => ({
  mean: all.map(({ mean }) => mean),
  deviation: all.map(({ deviation }) => deviation),
});
