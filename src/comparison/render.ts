import { csvLine } from "../base/textFormats.ts";
import { valueAt } from "../config/settings.ts";
import { formatCount, formatError, formatShare } from "../reporting/format.ts";
import { markdownTable } from "../reporting/markdownTable.ts";
import { type Column, DISTORTION, quantityOf } from "./columns.ts";
import type { ComparedRow, Comparison, Group } from "./compare.ts";
import { dataText, exampleOf, protocolOf } from "./groups.ts";
import { rankText } from "./ranking.ts";
import { errorOf, type RowEstimate, repetitionsIn } from "./rows.ts";
import { foldOf, settingText, shortNames } from "./settingsOf.ts";

const DECIMALS: Readonly<Record<Column["unit"], number>> = {
  nats: 2,
  bits: 4,
  units: 4,
  count: 0,
  share: 1,
  minutes: 1,
};

/** For a terminal, and Markdown as well. */
export function comparisonText(comparison: Comparison): string {
  const { groups, byBytes, unfinished } = comparison;
  const parts = [
    ...groups.map((group, i) => `${i + 1}  ${groupTitle(group, groups)}\n\n${tableText(group)}`),
    ...(byBytes ? [`${BY_BYTES}:\n\n${tableText(byBytes)}`] : []),
    ...[[...bestText(groups), ...notesOf(comparison)].join("\n")].filter((text) => text !== ""),
    ...(unfinished.length > 0 ? [unfinishedText(unfinished)] : []),
  ];
  return parts.join("\n\n");
}

const bestText = (groups: readonly Group[]): string[] => {
  const best = groups.flatMap(({ best, runs }) => (best && runs.length > 1 ? [best.folder.path] : []));
  return best.length > 0 ? [`Best by validation: ${list(best)}.`] : [];
};

export const BY_BYTES = "By the bytes, on 256 levels, whatever x a density makes of them";

/** What its numbers are of; the protocol where groups differ in it. */
export function groupTitle({ runs }: Group, groups: readonly Group[]): string {
  const [run] = runs;
  const { baseMeasure, pixels } = run.summary;
  const protocols = new Set(groups.map(({ runs }) => protocolOf(runs[0])));
  const ofProtocol = protocols.size > 1 ? `; protocol: ${protocolOf(run)}` : "";
  return `${dataText(runs)}; ${baseMeasure}${run.summary.predictions ? "" : `; pixels ${pixels}`}${ofProtocol}`;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How many columns, from the first on, are words. */
  readonly words: number;
}

function tableText(group: Group): string {
  const { head, rows, words } = tableOf(group);
  return markdownTable(head, rows, words);
}

const UNSHOWN: readonly string[] = ["test.rate", "test.distortion"];

/** The bound of rows that were not learned from, and what is of pixels. */
const UNSHOWN_OF_TABLES: readonly string[] = ["test.minusElbo", "test.bitsPerDim", "test.scaleAtFloor"];

/** The rows of a group; a run is called by its path, or by what is made of that. */
export function tableOf({ rows, varying, columns, runs }: Group, nameOf = (path: string) => path): Table {
  const isLoss = runs[0].summary.kindOf === "loss";
  const ofTable = runs[0].summary.predictions !== undefined;
  // Test terms are in --csv and --json: a table has to fit on a screen.
  const shown = columns.filter(
    ({ key }) => !UNSHOWN.includes(key) && !(ofTable && UNSHOWN_OF_TABLES.includes(key)),
  );
  const title = (column: Column) => (isLoss && column === DISTORTION ? "loss valid." : column.title);
  const head = ["rank", ...shortNames(varying), repetitionsIn(rows), ...shown.map(title), "run"];
  return {
    head,
    rows: rows.map((row) => [
      row.rank ? rankText(row.rank) : "–",
      ...varying.map((path) => settingText(row.runs[0].config, path)),
      String(row.runs.length),
      ...shown.map(({ key, unit }) => numberText(row.numbers[key], unit)),
      runsText(row, nameOf),
    ]),
    words: 1 + varying.length,
  };
}

function numberText(estimate: RowEstimate | undefined, unit: Column["unit"]): string {
  if (!estimate) return "–";
  if (unit === "count") return formatCount(estimate.mean);
  if (unit === "share") return formatShare(estimate.mean);
  const decimals = DECIMALS[unit];
  const error = unit === "minutes" ? undefined : errorOf(estimate);
  return `${estimate.mean.toFixed(decimals)}${formatError(error, decimals)}`;
}

function runsText({ runs }: ComparedRow, nameOf: (path: string) => string): string {
  const more = runs.length > 1 ? ` + ${runs.length - 1}` : "";
  return `${nameOf(runs[0].folder.path)}${more}`;
}

/** How the tables are to be read, in sentences. */
export function notesOf({ groups, apart, noBytes }: Comparison): string[] {
  if (groups.length === 0) return [];
  const rows = groups.flatMap(({ rows }) => rows);
  const repeated = rows.flatMap(({ repeated }) => repeated);
  const isRanked = rows.some(({ rank }) => rank);
  const rankings = [...new Set(groups.map(({ rankedBy }) => quantityOf(rankedBy).replace("−", "-")))];
  const examples = groups.every(({ runs: [run] }) => exampleOf(run) === "row") ? "rows" : "images";
  return [
    ...(isRanked
      ? [
          `Ranked by ${rankings.join(" or ")} on validation, lower is better; test chooses nothing. Rows that do not differ by more than ` +
            `the error of their difference share their ranks; it is taken as if their ${examples} were not the same, which makes it rather too large.`,
        ]
      : []),
    ...(groups.some(({ runs }) => runs[0].summary.kindOf === "loss")
      ? ["A loss that is no likelihood is not ranked: its weights are its scale."]
      : []),
    `± is the standard error over ${repetitionsIn(rows)} where there are several${rows.some(({ runs }) => runs.length === 1) ? `, and over ${examples} where there is one` : ""}.`,
    ...(repeated.length > 0
      ? [
          `Counted once, as settings and seed are the same as of others: ${list(repeated.map((run) => run.folder.path))}.`,
        ]
      : []),
    ...[apart, noBytes].filter((text) => text !== undefined),
  ];
}

const MOST_TOLD = 20;

export const list = (items: readonly string[], separator = ", ") =>
  items.slice(0, MOST_TOLD).join(separator) +
  (items.length > MOST_TOLD ? `${separator}and ${items.length - MOST_TOLD} more` : "");

const unfinishedText = (runs: Comparison["unfinished"]) =>
  `Not finished, and not compared (${runs.length}):\n${list(
    runs.map(({ path, state }) => `  ${path}: ${state}`),
    "\n",
  )}`;

/** One object; every number with its errors, by the keys of the columns. */
export const comparisonJson = ({ groups, apart, byBytes, noBytes, unfinished }: Comparison) => ({
  groups: groups.map(groupJson),
  ...(apart !== undefined && { apart }),
  ...(byBytes && { byBytes: groupJson(byBytes) }),
  ...(noBytes !== undefined && { noBytes }),
  unfinished,
});

function groupJson({ runs, rows, best, varying }: Group) {
  const { summary, record } = runs[0];
  return {
    dataset: record.dataset.name,
    splitHashes: record.dataset.splitHashes,
    baseMeasure: summary.baseMeasure,
    pixels: summary.pixels,
    kindOf: summary.kindOf,
    protocol: summary.protocol,
    ...(best && { best: best.folder.path }),
    rows: rows.map((row) => ({
      ...(row.rank && { rank: row.rank }),
      settings: Object.fromEntries(varying.map((path) => [path, valueAt(row.runs[0].config, path)])),
      seeds: row.runs.map(({ config }) => config.training.seed),
      ...(summary.predictions && { tableSplits: row.runs.map(({ config }) => foldOf(config)) }),
      ...(row.runs[0].summary.beta !== undefined && { beta: row.runs[0].summary.beta }),
      numbers: row.numbers,
      dominated: row.isDominated,
      runs: row.runs.map(({ folder }) => folder.path),
      ...(row.repeated.length > 0 && { repeated: row.repeated.map(({ folder }) => folder.path) }),
    })),
  };
}

/** A line for each row of each group; settings, then numbers with both of their errors. */
export function comparisonCsv({ groups }: Comparison): string {
  const paths = [...new Set(groups.flatMap(({ varying }) => varying))];
  const columns = [...new Map(groups.flatMap((group) => group.columns.map((c) => [c.key, c]))).keys()];
  const errors = columns.flatMap((key) => [key, `${key}.overSeeds`, `${key}.overImages`]);
  const head = ["group", "rank.first", "rank.last", ...paths, "seeds", ...errors, "dominated", "runs"];
  const lines = groups.flatMap(({ rows }, i) =>
    rows.map((row) => [
      i + 1,
      ...(row.rank ?? ["", ""]),
      ...paths.map((path) => settingText(row.runs[0].config, path)),
      row.runs.length,
      ...columns.flatMap((key) => {
        const { mean, overSeeds, overImages } = row.numbers[key] ?? {};
        return [mean, overSeeds, overImages];
      }),
      row.isDominated,
      row.runs.map(({ folder }) => folder.path).join(";"),
    ]),
  );
  return [head, ...lines].map(csvLine).join("\n");
}
