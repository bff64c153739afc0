import { counted } from "../../base/counted.ts";
import { VaeError } from "../../base/errors.ts";
import { RandomStream } from "../../tensors/random.ts";
import type { Table } from "./table.ts";

/** The rows of each split, as numbers from 0. */
export interface SplitRows {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

export interface ShareSettings {
  /** A share below 1, or a number of rows. */
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly split: number;
  readonly limit?: number | undefined;
}

/** What says which rows are of which split; what it leaves open is drawn. */
export interface Assigned {
  readonly train?: Uint32Array | undefined;
  readonly validation?: Uint32Array | undefined;
  readonly test?: Uint32Array | undefined;
}

/**
 * Three splits of `rows`: what is assigned, and the rest in an order that is a function of (seed, split). Test rows come
 * first, then validation rows; with `validation: 0` the training rows are the validation rows too, the same array.
 */
export function splitRows(
  table: Table,
  rows: Uint32Array,
  assigned: Assigned,
  { validation, test, seed, split, limit = rows.length }: ShareSettings,
): SplitRows {
  const order = new RandomStream("table").fork(seed).fork(split).permutation(rows.length);
  const shuffled = Uint32Array.from(order, (i) => rows[i]!);
  const isIn = (set: Uint32Array) => {
    const known = new Set(set);
    return (row: number) => known.has(row);
  };
  const count = (share: number, of: number) => (share < 1 ? Math.max(1, Math.round(share * of)) : share);
  const testRows = assigned.test ?? shuffled.subarray(0, count(test, rows.length));
  const isTest = isIn(testRows);
  const others = assigned.train
    ? shuffled.filter(isIn(assigned.train))
    : shuffled.filter((row) => !isTest(row));
  const held = assigned.validation || validation === 0 ? 0 : count(validation, others.length);
  const train = others.subarray(Math.min(held, others.length));
  if (testRows.length === 0 || train.length < 2 || testRows.length >= rows.length) {
    throw tooFew(table, rows.length, { test: testRows.length, validation: held, train: train.length });
  }
  const validationRows = assigned.validation ?? (held === 0 ? train : others.subarray(0, held));
  const first = (set: Uint32Array) => set.slice(0, limit);
  const learned = first(train);
  const validated = validationRows === train ? learned : first(validationRows);
  return { train: learned, validation: validated, test: first(testRows) };
}

function tooFew(table: Table, rows: number, counts: Record<keyof SplitRows, number>): VaeError {
  const dropped = table.count - rows;
  const others = dropped > 0 ? ` (${dropped} of ${table.count} lack a value in a column that is used)` : "";
  return new VaeError(
    "failure",
    `${table.path} has ${counted(rows, "row")} to use${others}, of which ${counts.test} would be for test, ${counts.validation} for validation ` +
      `and ${counts.train} for training. Accepted: at least 1 for test and 2 for training; --dataset.test and --dataset.validation say how many are held out.`,
  );
}
