import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { valueAt } from "../config/settings.ts";
import { meanOf } from "../evaluation/statistics.ts";
import type { Point } from "../figures/charts/axisRange.ts";
import { curvesChart, MOST_CURVES, type NamedCurve } from "../figures/charts/curvesChart.ts";
import type { Drawing } from "../figures/charts/drawing.ts";
import { type HeatAxis, type HeatCell, heatMap } from "../figures/charts/heatMap.ts";
import { picturesChart } from "../figures/charts/picturesChart.ts";
import { rateDistortionChart } from "../figures/charts/rateDistortionChart.ts";
import { drawOrWarn } from "../figures/figures.ts";
import { formatError, formatNats } from "../reporting/format.ts";
import { BOUND, DISTORTION, quantityOf, RATE } from "./columns.ts";
import type { ComparedRow, Comparison, Group } from "./compare.ts";
import { exampleOf } from "./groups.ts";
import type { FinishedRun } from "./readRun.ts";
import { errorOf, repetitionsIn } from "./rows.ts";
import { settingText, shortNames } from "./settingsOf.ts";

/** A picture that was drawn of a group. */
export interface Figure {
  readonly file: string;
  readonly group: Group;
  /** What it shows, in words. */
  readonly what: string;
}

/**
 * Draws what there is to see of each group with more than one row, the first as `compare-rd.png` (or .svg), the second as
 * `compare-rd-2.png`.
 */
export async function drawComparison(
  { groups }: Comparison,
  folder: string,
  warn: (text: string) => void,
  format: "png" | "svg" = "png",
): Promise<Figure[]> {
  const drawn: Figure[] = [];
  for (const [i, group] of groups.entries()) {
    if (group.rows.length < 2) continue;
    for (const { name, what, draw } of figuresOf(group)) {
      const file = join(folder, `compare-${name}${i === 0 ? "" : `-${i + 1}`}.${format}`);
      if (await drawOrWarn(file, draw, warn)) drawn.push({ file, group, what });
    }
  }
  return drawn;
}

/** What is drawn of a group; a bare loss has no bound, and so no plane of its parts. */
function figuresOf(group: Group) {
  const isDensity = group.rows.every(({ numbers }) => numbers[BOUND.key]);
  const axes = isDensity ? heatAxes(group) : undefined;
  const pictures = samplesOf(group);
  return [
    ...(isDensity ? [{ name: "rd", what: "rate and distortion", draw: () => planeOf(group) }] : []),
    { name: "curves", what: "learning curves", draw: () => curvesOf(group, isDensity) },
    ...(axes ? [{ name: "heat", what: "two settings", draw: () => heatOf(group, axes) }] : []),
    ...(pictures.length > 1
      ? [{ name: "samples", what: "samples side by side", draw: () => sampleSheet(group, pictures) }]
      : []),
  ];
}

const titleOf = ({ runs: [{ record, summary }] }: Group, what: string) => ({
  title: `${record.dataset.name}: ${what}`,
  subtitle: `validation  ·  ${summary.baseMeasure}${summary.predictions ? "" : `  ·  pixels ${summary.pixels}`}`,
});

const perExample = ({ runs: [run] }: Group) => `nats per ${exampleOf(run)}`;

/** With more settings that vary a run is better known by its name. */
const MOST_TOLD = 3;

/** What tells a row from the others, such as `beta 0.5, latentDim 20`. */
function labelOf({ varying }: Group, { runs }: ComparedRow): string {
  const [{ config, folder }] = runs;
  if (varying.length === 0 || varying.length > MOST_TOLD) {
    return `${basename(folder.path)}${runs.length > 1 ? ` + ${runs.length - 1}` : ""}`;
  }
  const names = shortNames(varying);
  return varying.map((path, i) => `${names[i]} ${settingText(config, path)}`).join(", ");
}

/** The rows of a group from the best on, as the importance of their labels goes. */
const fromTheBest = ({ rows, rankedBy }: Group) =>
  rows.toSorted((a, b) => (a.numbers[rankedBy.key]?.mean ?? 0) - (b.numbers[rankedBy.key]?.mean ?? 0));

function planeOf(group: Group): Drawing {
  const points = fromTheBest(group).map((row) => {
    const [rate, distortion] = [row.numbers[RATE.key]!, row.numbers[DISTORTION.key]!];
    return {
      label: labelOf(group, row),
      rate: rate.mean,
      distortion: distortion.mean,
      rateError: rate.overSeeds,
      distortionError: distortion.overSeeds,
      beta: row.runs[0].summary.beta,
      isDominated: row.isDominated,
    };
  });
  return rateDistortionChart(points, titleOf(group, "rate and distortion"));
}

function curvesOf(group: Group, isDensity: boolean): Drawing {
  const rows = fromTheBest(group);
  const curves = rows.slice(0, MOST_CURVES).map((row): NamedCurve => {
    const ofRuns = row.runs.map((run) => readCurve(run, isDensity));
    return { label: labelOf(group, row), points: meanCurve(ofRuns) };
  });
  const what = isDensity ? "−ELBO over the epochs" : "loss over the epochs";
  const ofSeeds = group.rows.some(({ runs }) => runs.length > 1)
    ? `  ·  mean over ${repetitionsIn(group.rows)}`
    : "";
  const { title, subtitle } = titleOf(group, what);
  const unit = isDensity ? `−ELBO, ${perExample(group)}` : "loss, per image";
  const more = rows.length - curves.length;
  return curvesChart(curves, { title, subtitle: `${subtitle}${ofSeeds}`, unit, more });
}

/** −ELBO on validation after each epoch, or the loss, from the table of the run's epochs. */
function readCurve({ folder }: FinishedRun, isDensity: boolean): Map<number, number> {
  const [head, ...lines] = readFileSync(folder.metricsTable, "utf8").trimEnd().split("\n");
  const columns = head!.split(",");
  const [epoch, split, value] = ["epoch", "split", isDensity ? "elbo" : "loss"].map((name) =>
    columns.indexOf(name),
  );
  const sign = isDensity ? -1 : 1;
  return new Map(
    lines.flatMap((line) => {
      const cells = line.split(",");
      return cells[split!] === "validation"
        ? [[Number(cells[epoch!]), sign * Number(cells[value!])] as const]
        : [];
    }),
  );
}

/** Over the epochs that all of them have: some may have stopped before others. */
const meanCurve = ([first, ...others]: readonly Map<number, number>[]): Point[] =>
  [...first!].flatMap(([epoch, value]) => {
    const values = [value, ...others.flatMap((other) => other.get(epoch) ?? [])];
    return values.length === 1 + others.length ? [[epoch, meanOf(values)] as const] : [];
  });

interface Axes {
  readonly x: string;
  readonly y: string;
}

/**
 * The two numbers among the settings that have the most values, the one with more along x; undefined where they never vary
 * but together, so that there is no map to see.
 */
function heatAxes({ rows, varying }: Group): Axes | undefined {
  const ofRow = (path: string) => rows.map(({ runs }) => valueAt(runs[0].config, path));
  const [x, y] = varying
    .map((path) => ({ path, values: ofRow(path), count: new Set(ofRow(path)).size }))
    .filter(({ values }) => values.every((value) => typeof value === "number"))
    .toSorted((a, b) => b.count - a.count);
  if (!x || !y) return undefined;
  const pairs = new Set(x.values.map((value, i) => `${value} ${y.values[i]}`));
  return pairs.size > x.count ? { x: x.path, y: y.path } : undefined;
}

/** What rows are ranked by, for two settings; the best of the rows where others vary as well. */
function heatOf(group: Group, axes: Axes): Drawing {
  const valuesOf = (path: string) =>
    [...new Set(group.rows.map(({ runs }) => valueAt(runs[0].config, path) as number))].sort((a, b) => a - b);
  const [columns, rows] = [valuesOf(axes.x), valuesOf(axes.y)];
  const best = new Map<string, Omit<HeatCell, "isBest">>();
  for (const { runs, numbers } of fromTheBest(group)) {
    const column = columns.indexOf(valueAt(runs[0].config, axes.x) as number);
    const row = rows.indexOf(valueAt(runs[0].config, axes.y) as number);
    const key = `${column} ${row}`;
    if (!best.has(key)) best.set(key, { column, row, value: numbers[group.rankedBy.key]!.mean });
  }
  const cells = [...best.values()].map((cell, i) => ({ ...cell, isBest: i === 0 }));
  const others = group.varying.filter((path) => path !== axes.x && path !== axes.y);
  const { title, subtitle } = titleOf(group, `${quantityOf(group.rankedBy)}, ${perExample(group)}`);
  const over = others.length > MOST_TOLD ? `${others.length} other settings` : shortNames(others).join(", ");
  const ofOthers = others.length > 0 ? `  ·  each the best over ${over}` : "";
  const axis = (path: string, values: readonly number[]): HeatAxis => ({
    name: shortNames(group.varying)[group.varying.indexOf(path)]!,
    ticks: values.map(String),
  });
  return heatMap(
    cells,
    { x: axis(axes.x, columns), y: axis(axes.y, rows) },
    { title, subtitle: `${subtitle}${ofOthers}  ·  ★ lowest` },
  );
}

/** As many have room on a page. */
const MOST_PICTURES = 12;

/** The rows whose run of the lowest seed has its samples drawn, in the order of the table. */
const samplesOf = ({ rows }: Group): ComparedRow[] =>
  rows.filter(({ runs: [{ folder }] }) => existsSync(folder.figure("samples")));

/** What each run has drawn from its prior; of runs with as many latent dimensions from the same z. */
function sampleSheet(group: Group, rows: readonly ComparedRow[]): Drawing {
  const shown = rows.slice(0, MOST_PICTURES);
  const pictures = shown.map((row) => {
    const minusElbo = row.numbers[BOUND.key];
    return {
      label: labelOf(group, row),
      note: minusElbo ? `−ELBO ${formatNats(minusElbo.mean)}${formatError(errorOf(minusElbo))}` : "",
      png: readFileSync(row.runs[0].folder.figure("samples")),
    };
  });
  const { title } = titleOf(group, "samples");
  const more = rows.length > shown.length ? [`the first ${shown.length} rows of ${rows.length}`] : [];
  const subtitle = ["best epoch of the lowest seed", "−ELBO on validation, nats per image", ...more];
  return picturesChart(pictures, { title, subtitle: subtitle.join("  ·  ") });
}
