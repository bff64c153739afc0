import { estimateOf, meanOf } from "../evaluation/statistics.ts";
import type { Column } from "./columns.ts";
import { groupOf } from "./groups.ts";
import type { FinishedRun } from "./readRun.ts";
import { identityOf } from "./settingsOf.ts";

/** Runs that differ in their seeds alone, one for each seed. */
export interface Row {
  readonly runs: readonly [FinishedRun, ...FinishedRun[]];
  /** Runs of a seed that is among them already. */
  readonly repeated: readonly FinishedRun[];
}

export function rowsOf(runs: readonly FinishedRun[]): Row[] {
  return grouped(runs, (run) => `${groupOf(run)} ${identityOf(run.config)}`).map((alike) => {
    const bySeed = grouped(alike, ({ config }) => config.training.seed);
    const ordered = bySeed.toSorted(([a], [b]) => a.config.training.seed - b.config.training.seed);
    return {
      runs: ordered.map(([first]) => first) as [FinishedRun, ...FinishedRun[]],
      repeated: ordered.flatMap(([, ...others]) => others),
    };
  });
}

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

/** A number of a row: the mean over its seeds. */
export interface RowEstimate {
  readonly mean: number;
  /** Standard error of the mean over seeds; absent of a single one. */
  readonly overSeeds?: number;
  /** Over images: as large for all seeds together as for one of them, for the images are the same. */
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
    ...(errors.length === runs.length && { overImages: meanOf(errors) }),
  };
}

/** The error that is printed: over seeds where there are several, otherwise over images. */
export const errorOf = ({ overSeeds, overImages }: RowEstimate): number | undefined =>
  overSeeds ?? overImages;
