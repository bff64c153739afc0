import { VaeError } from "../base/errors.ts";
import { valueAt } from "../config/settings.ts";
import {
  BOUND,
  BYTES,
  type Column,
  columns,
  DISTORTION,
  nllColumn,
  PREDICTED,
  RATE,
  weightsOf,
} from "./columns.ts";
import { collate, findRuns } from "./findRuns.ts";
import { dataOf, groupOf, protocolOf, whyApart } from "./groups.ts";
import { isBetter, type Rank, ranksOf } from "./ranking.ts";
import { type FinishedRun, isFinished, readRun, type UnfinishedRun } from "./readRun.ts";
import { estimateRow, grouped, type Row, type RowEstimate, rowsOf } from "./rows.ts";
import { settingNamed, settingText, varying } from "./settingsOf.ts";

/** A row with its numbers, by the keys of the columns. */
export interface ComparedRow extends Row {
  readonly numbers: Readonly<Record<string, RowEstimate>>;
  /** Absent where nothing is ranked, as with losses. */
  readonly rank?: Rank;
  /** Whether another row of the group has less distortion at no more rate, or less rate at no more distortion. */
  readonly isDominated: boolean;
}

/** Rows that may be ranked against each other. */
export interface Group {
  readonly runs: readonly [FinishedRun, ...FinishedRun[]];
  readonly rows: readonly ComparedRow[];
  /** The smaller the better. */
  readonly rankedBy: Column;
  /** Of the best row the best run, both by validation; absent where nothing is ranked. */
  readonly best?: FinishedRun;
  /** Paths of the settings that are not the same in all rows. */
  readonly varying: readonly string[];
  readonly columns: readonly Column[];
}

export interface Comparison {
  readonly groups: readonly Group[];
  /** Why the groups are not ranked against each other. */
  readonly apart?: string;
  /** Densities of one data set by the bytes, where groups differ in what x is made of them. */
  readonly byBytes?: Group;
  /** What would give `byBytes`. */
  readonly noBytes?: string;
  readonly unfinished: readonly UnfinishedRun[];
}

export interface CompareOptions {
  /** `likelihood.kind=bernoulli,laplace`: runs that have one of these values. */
  readonly where?: readonly string[];
  /** A setting or the key of a column, from the smallest on; with a minus before it from the largest on. */
  readonly sort?: string;
}

/** Reads runs and puts them into rows, groups and order. */
export function compare(paths: readonly string[], { where = [], sort }: CompareOptions = {}): Comparison {
  const accepts = where.map(filterOf);
  const found = findRuns(paths).map(readRun);
  const all = found.filter(isFinished);
  const runs = all.filter((run) => accepts.every((accept) => accept(run)));
  if (all.length > 0 && runs.length === 0) {
    throw new VaeError("failure", `None of the ${all.length} finished runs has ${where.join(" and ")}.`);
  }
  const together = grouped(runs, groupOf).toSorted((a, b) => b.length - a.length);
  const groups = together.map((runs) => groupFrom(runs, rankedByOf(runs)));
  const apart = whyApart(together);
  return {
    groups: groups.map((group) => (sort === undefined ? group : sorted(group, sort))),
    ...(apart !== undefined && { apart, ...bytesOf(groups) }),
    unfinished: found.filter((run): run is UnfinishedRun => !isFinished(run)),
  };
}

function groupFrom(runs: readonly [FinishedRun, ...FinishedRun[]], rankedBy: Column): Group {
  const rows = rowsOf(runs);
  const known = columns(commonWeights(rows));
  const numbers = rows.map((row) => numbersOf(row, known));
  const values = numbers.flatMap((numbers) => numbers[rankedBy.key] ?? []);
  const ranks = values.length === rows.length ? ranksOf(values) : undefined;
  const compared = rows.map((row, i): ComparedRow => {
    const rank = ranks?.[i];
    return {
      ...row,
      numbers: numbers[i]!,
      ...(rank && { rank }),
      isDominated: ranks !== undefined && numbers.some((other) => dominates(other, numbers[i]!)),
    };
  });
  const value = ({ numbers }: ComparedRow) => numbers[rankedBy.key]?.mean ?? Number.POSITIVE_INFINITY;
  const ordered = ranks ? compared.toSorted((a, b) => value(a) - value(b)) : compared;
  return {
    runs,
    rows: ordered,
    rankedBy,
    ...(ranks && { best: bestOf(ordered[0]!, rankedBy) }),
    varying: varying(runs.map(({ config }) => config)).map(({ path }) => path),
    columns: known.filter(({ key }) => numbers.some((numbers) => numbers[key])),
  };
}

/** Where rows of a table are held out, how well they are predicted; the bound where all are learned from, and of images. */
const rankedByOf = ([{ config, summary }]: readonly [FinishedRun, ...FinishedRun[]]): Column =>
  summary.predictions && config.dataset.name === "table" && config.dataset.validation > 0 ? PREDICTED : BOUND;

const bestOf = ({ runs }: Row, rankedBy: Column): FinishedRun =>
  runs.reduce((best, run) => (rankedBy.of(run)!.value < rankedBy.of(best)!.value ? run : best));

const numbersOf = (row: Row, known: readonly Column[]): Record<string, RowEstimate> =>
  Object.fromEntries(
    known.flatMap((column) => {
      const estimate = estimateRow(row, column);
      return estimate ? [[column.key, estimate]] : [];
    }),
  );

/** Each K that all runs of a row have been evaluated with. */
function commonWeights(rows: readonly Row[]): number[] {
  const found = rows.flatMap((row) => weightsOf(row.runs[0]).filter((k) => estimateRow(row, nllColumn(k))));
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Whether a has no more of both and, by more than the error, less of one. */
function dominates(a: ComparedRow["numbers"], b: ComparedRow["numbers"]): boolean {
  const terms = [RATE.key, DISTORTION.key].map((key) => [a[key]!, b[key]!] as const);
  return terms.every(([a, b]) => a.mean <= b.mean) && terms.some(([a, b]) => isBetter(a, b));
}

/**
 * A ranking of densities on different measures of the same data, by what they give to the bytes: by validation, which is in
 * `evaluations.jsonl` where a run was evaluated on it.
 */
function bytesOf(groups: readonly Group[]): Pick<Comparison, "byBytes" | "noBytes"> {
  const candidates = groups
    .filter(({ rows }) => rows.every(({ numbers }) => numbers[BYTES.test.key]))
    .flatMap(({ runs }) => runs);
  const [largest] = grouped(candidates, (run) => `${dataOf(run)} ${protocolOf(run)}`).toSorted(
    (a, b) => b.length - a.length,
  );
  if (!largest || new Set(largest.map(groupOf)).size < 2) return {};
  const missing = largest.filter((run) => !BYTES.validation.of(run));
  if (missing.length === 0) {
    const group = groupFrom(largest, BYTES.validation);
    return { byBytes: { ...group, columns: group.columns.filter(isOnAnyMeasure) } };
  }
  return {
    noBytes:
      `By the bytes (256 levels), one scale for all densities, ${largest.length} of these runs could be ranked: ` +
      `\`vae evaluate RUN --split validation\` adds what ${missing.length === largest.length ? "they lack" : `${missing.length} of them lack`}, ` +
      "for validation is what runs are ranked by.",
  };
}

/** What may stand beside each other whatever x is. */
const isOnAnyMeasure = ({ key, unit }: Column) =>
  key.includes("levels256") || unit === "count" || key === RATE.key;

function filterOf(text: string): (run: FinishedRun) => boolean {
  const [name, values] = text.split(/=(.*)/s) as [string, string?];
  if (!values) {
    throw new VaeError(
      "usage",
      `--where ${text} is no filter. Accepted: a setting and its values, such as beta=1,2.`,
    );
  }
  const { path } = settingNamed(name);
  const accepted = [values, ...values.split(",")];
  return ({ config }) => {
    const value = settingText(config, path);
    return accepted.some((text) => text === value || (text !== "" && Number(text) === Number(value)));
  };
}

/** The rows in the order of a setting or a number; those without it last. */
function sorted(group: Group, by: string): Group {
  const [key, sign] = by.startsWith("-") ? [by.slice(1), -1] : [by, 1];
  const isColumn = columns([]).some((column) => column.key === key) || /^test\.nll\.k\d+$/.test(key);
  const path = isColumn ? undefined : settingNamed(key).path;
  const sortValue = ({ numbers, runs }: ComparedRow) =>
    path === undefined ? numbers[key]?.mean : valueAt(runs[0].config, path);
  return { ...group, rows: group.rows.toSorted((a, b) => order(sortValue(a), sortValue(b), sign)) };
}

function order(a: unknown, b: unknown, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : collate(String(a), String(b)));
}
