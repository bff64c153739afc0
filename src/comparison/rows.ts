import { estimateOf, meanOf } from "../evaluation/statistics.ts";
import type { Column } from "./columns.ts";
import { groupOf } from "./groups.ts";
import type { FinishedRun } from "./readRun.ts";
import { foldOf, identityOf, repetitionsOf } from "./settingsOf.ts";

/** Runs that differ in their seeds alone, or in which of a table's splits they are of: one for each. */
export interface Row {
  readonly runs: readonly [FinishedRun, ...FinishedRun[]];
  /** Runs of a seed and a split that are among them already. */
  readonly repeated: readonly FinishedRun[];
}

export function rowsOf(runs: readonly FinishedRun[]): Row[] {
  return grouped(runs, (run) => `${groupOf(run)} ${identityOf(run.config)}`).map((alike) => {
    const different = grouped(alike, ({ config }) => `${foldOf(config)} ${config.training.seed}`);
    const ordered = different.toSorted(
      ([{ config: a }], [{ config: b }]) => foldOf(a) - foldOf(b) || a.training.seed - b.training.seed,
    );
    return {
      runs: ordered.map(([first]) => first) as [FinishedRun, ...FinishedRun[]],
      repeated: ordered.flatMap(([, ...others]) => others),
    };
  });
}

/** What the runs of a row differ in, in words. */
export const repetitionsIn = (rows: readonly Row[]) =>
  repetitionsOf(rows.flatMap(({ runs }) => runs.map(({ config }) => config)));

/** Those of one key together, in the order of their first. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => unknown): [T, ...T[]][] {
  const groups = new Map<unknown, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** A number of a row: the mean over its seeds, or over splits. */
export interface RowEstimate {
  readonly mean: number;
  /** Standard error of the mean over seeds, or splits; absent of a single one. */
  readonly overSeeds?: number;
  /** Over images, or rows: as large for all seeds together as for one of them, for they are the same; splits have their own. */
  readonly overImages?: number;
}

/** Undefined where not every run of the row has the number. */
export function estimateRow({ runs }: Row, column: Column): RowEstimate | undefined {
  const found = runs.flatMap((run) => column.of(run) ?? []);
  if (found.length < runs.length) return undefined;
  const { mean, standardError } = estimateOf(found.map(({ value }) => value));
  const errors = found.flatMap(({ error }) => error ?? []);
  return {
    mean,
    ...(runs.length > 1 && { overSeeds: standardError }),
    ...(errors.length === runs.length && { overImages: meanOf(errors) / Math.sqrt(foldsOf(runs)) }),
  };
}

const foldsOf = (runs: readonly FinishedRun[]) => new Set(runs.map(({ config }) => foldOf(config))).size;

/** The error that is printed: over repetitions where there are several, otherwise over images. */
export const errorOf = ({ overSeeds, overImages }: RowEstimate): number | undefined =>
  overSeeds ?? overImages;
