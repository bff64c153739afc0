import { categoriesOf, LARGEST, survey } from "./columns.ts";
import { statisticsOf } from "./standardize.ts";
import { quoted, type RawColumn, type Table } from "./table.ts";

/** What people want to know of a column before they train on it, in the units of the file. */
export type ColumnDescription = NumberDescription | CategoryDescription;

interface Described {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  /** Of its values. */
  readonly count: number;
  readonly missing: number;
  readonly distinct: number;
  /** Cells of a column of numbers, or of what looks like them, that are no finite numbers of 32 bits. */
  readonly odd?: { readonly count: number; readonly first: string };
}

export interface NumberDescription extends Described {
  readonly kind: "number";
  readonly min: number;
  readonly mean: number;
  /** Divided by N. */
  readonly standardDeviation: number;
  readonly max: number;
  /** Values in bins of one width between the smallest and the largest; a single one where they are equal. */
  readonly histogram: readonly number[];
}

export interface CategoryDescription extends Described {
  readonly kind: "category" | "empty";
  /** The most frequent ones. */
  readonly top: readonly { readonly value: string; readonly count: number }[];
}

const BINS = 24;

/** How many categories are told. */
const TOP = 8;

export function describeColumn(table: Table, raw: RawColumn): ColumnDescription {
  const { kind, values, texts, missing } = survey(raw);
  const rows = Uint32Array.from({ length: table.count }, (_, row) => row);
  const finite = rows.filter((row) => Math.abs(values[row]!) <= LARGEST);
  const isText = new Set(texts);
  const odd = rows.filter((row) => isText.has(row) || Math.abs(values[row]!) > LARGEST);
  const first = () => `${table.placeOf(odd[0]!)}: ${quoted(String(raw.cells[odd[0]!]))}`;
  const about = {
    name: raw.name,
    number: raw.number,
    missing,
    ...(kind === "number" && odd.length > 0 && { odd: { count: odd.length, first: first() } }),
  };
  if (kind !== "number" || finite.length === 0) return describeCategories(raw, about, kind === "empty");
  const { mean, deviation, isConstant } = statisticsOf(values, finite);
  const [min, max] = rangeOf(values, finite);
  return {
    ...about,
    kind,
    count: finite.length,
    distinct: new Set(Array.from(finite, (row) => values[row])).size,
    min,
    mean,
    standardDeviation: isConstant ? 0 : deviation,
    max,
    histogram: histogramOf(values, finite, { min, max }),
  };
}

function describeCategories(
  raw: RawColumn,
  about: Omit<Described, "count" | "distinct">,
  isEmpty: boolean,
): CategoryDescription {
  const counts = countsOf(categoriesOf(raw).values);
  const top = [...counts].map(([value, count]) => ({ value, count })).toSorted((a, b) => b.count - a.count);
  return {
    ...about,
    kind: isEmpty ? "empty" : "category",
    count: raw.cells.length - about.missing,
    distinct: counts.size,
    top: top.slice(0, TOP),
  };
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function rangeOf(values: Float64Array, rows: Uint32Array): [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    min = Math.min(min, values[row]!);
    max = Math.max(max, values[row]!);
  }
  return [min, max];
}

function histogramOf(
  values: Float64Array,
  rows: Uint32Array,
  { min, max }: { min: number; max: number },
): number[] {
  if (min === max) return [rows.length];
  const counts = Array<number>(BINS).fill(0);
  const binOf = (value: number) => Math.min(BINS - 1, Math.floor((BINS * (value - min)) / (max - min)));
  for (const row of rows) counts[binOf(values[row]!)]!++;
  return counts;
}
