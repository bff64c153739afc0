import type { CustomSeriesRenderItemReturn, SeriesOption } from "echarts";
import { niceRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import {
  againstDiagonal,
  BLUE,
  bars,
  expectedLine,
  plotWidthOf,
  shareAxis,
  sideBySide,
  VERMILION,
} from "./sideBySide.ts";

interface Titles {
  readonly title: string;
  readonly subtitle: string;
}

/** One row that was predicted. */
export interface PredictedRow {
  readonly observed: number;
  readonly mean: number;
  /** The central interval of 90 %. */
  readonly low: number;
  readonly high: number;
}

/** Predicted against observed with an interval for each row, and how often F(y|x) ≤ p is true. */
export function predictionChart(
  rows: readonly PredictedRow[],
  calibration: readonly (readonly [expected: number, observed: number])[],
  { target, ...meta }: Titles & { readonly target: string },
): Drawing {
  const values = rows.flatMap(({ observed, low, high }) => [observed, low, high]);
  const { min, max, step } = niceRange(Math.min(...values), Math.max(...values));
  const axis = { type: "value" as const, min, max, interval: step };
  return sideBySide(
    [
      {
        name: "Predicted against observed",
        formula: `${rows.length} rows; bars: the central 90 % of p(y|x)`,
        x: { ...axis, name: `observed ${target}` },
        y: { ...axis, name: `predicted ${target}` },
        series: [
          expectedLine([
            [min, min],
            [max, max],
          ]),
          intervals(rows.map(({ observed, low, high }) => [observed, low, high])),
          points(rows.map(({ observed, mean }) => [observed, mean])),
        ],
      },
      {
        name: "Calibration",
        formula: "share of the rows with F(y|x) ≤ p; on the line if all is right",
        x: shareAxis("p"),
        y: { name: "share of the rows", min: 0, max: 1 },
        series: againstDiagonal(calibration),
      },
    ],
    meta,
  );
}

/** Of classes: how often the most probable one is right, by how probable it is; and how many rows there are of each. */
export function reliabilityChart(
  bins: readonly { readonly confidence: number; readonly accuracy: number; readonly share: number }[],
  meta: Titles,
): Drawing {
  const width = plotWidthOf(2);
  const filled = bins.filter(({ share }) => share > 0);
  return sideBySide(
    [
      {
        name: "Reliability",
        formula: "how often the most probable class is right; on the line if all is right",
        x: shareAxis("its probability"),
        y: { name: "share that is right", min: 0, max: 1 },
        series: againstDiagonal(filled.map(({ confidence, accuracy }) => [confidence, accuracy])),
      },
      {
        name: "Confidence",
        formula: "how probable the most probable class is",
        x: shareAxis("its probability"),
        y: { name: "share of the rows" },
        series: [
          bars(
            bins.map(({ share }, i) => [(i + 0.5) / bins.length, share]),
            width,
          ),
        ],
      },
    ],
    meta,
  );
}

/** p(y|x) at one x. */
export interface FittedPoint {
  readonly x: number;
  readonly mean: number;
  /** The central 90 % of p(y|x), and of E[y|x, w] alone, which are the weights. */
  readonly total: readonly [low: number, high: number];
  readonly weights: readonly [low: number, high: number];
}

/** Of a single feature: the data, the predictive mean, and bands that are wide where there are no data. */
export function fitChart(
  curve: readonly FittedPoint[],
  data: readonly (readonly [x: number, y: number])[],
  { feature, target, ...meta }: Titles & { readonly feature: string; readonly target: string },
): Drawing {
  const y = [...data.map(([, y]) => y), ...curve.flatMap(({ total }) => [...total])];
  const yRange = niceRange(Math.min(...y), Math.max(...y));
  const band = (of: (point: FittedPoint) => readonly [number, number], color: string) =>
    polygon(
      [
        ...curve.map((p) => [p.x, of(p)[0]] as const),
        ...curve.toReversed().map((p) => [p.x, of(p)[1]] as const),
      ],
      color,
    );
  return sideBySide(
    [
      {
        name: "Fit",
        formula:
          "line: E[y|x]; bands: 90 % of p(y|x), inside it what is from the weights; dots: training rows",
        x: {
          type: "value",
          min: curve[0]!.x,
          max: curve.at(-1)!.x,
          name: feature,
          axisLabel: { showMinLabel: false, showMaxLabel: false },
        },
        y: { name: target, min: yRange.min, max: yRange.max, interval: yRange.step },
        series: [
          band(({ total }) => total, "rgba(0, 114, 178, 0.15)"),
          band(({ weights }) => weights, "rgba(0, 114, 178, 0.35)"),
          points(data, VERMILION),
          { type: "line", color: BLUE, symbol: "none", data: curve.map(({ x, mean }) => [x, mean]) },
        ],
      },
    ],
    meta,
  );
}

/** How certain each weight is, |μ|/σ, as a histogram of its logarithm; those below 1 could as well be 0. */
export function weightsChart(ratios: readonly number[], meta: Titles): Drawing {
  const width = plotWidthOf(2);
  const decades = ratios.map((ratio) => Math.log10(Math.max(ratio, 1e-9)));
  const [low, high] = [-3, Math.max(2, Math.ceil(Math.max(...decades)))];
  const BINS = 60;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of decades) {
    const bin = Math.floor(((value - low) / (high - low)) * BINS);
    counts[Math.max(0, Math.min(BINS - 1, bin))]! += 1 / ratios.length;
  }
  const sorted = decades.toSorted((a, b) => a - b);
  const axis = {
    type: "value" as const,
    min: low,
    max: high,
    interval: 1,
    name: "|μ| / σ",
    axisLabel: { formatter: (v: number) => `10${superscript(v)}` },
  };
  return sideBySide(
    [
      {
        name: "Signal to noise",
        formula: "of the weights and biases, by their mean and deviation",
        x: axis,
        y: { name: "share of the weights" },
        series: [
          bars(
            counts.map((share, i) => [low + ((i + 0.5) * (high - low)) / BINS, share]),
            width,
          ),
        ],
      },
      {
        name: "What could be pruned",
        formula: "share of the weights below each ratio; dashed: |μ| = σ",
        x: axis,
        y: { name: "share of the weights", min: 0, max: 1 },
        series: [
          {
            type: "line",
            color: BLUE,
            symbol: "none",
            data: [
              [low, 0],
              ...sorted.map((value, i) => [Math.max(low, value), (i + 1) / sorted.length]),
              [high, 1],
            ],
          },
          expectedLine([
            [0, 0],
            [0, 1],
          ]),
        ],
      },
    ],
    meta,
  );
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

const superscript = (value: number) =>
  [...String(value)].map((digit) => SUPERSCRIPTS[digit] ?? digit).join("");

const points = (data: readonly (readonly [number, number])[], color = BLUE): SeriesOption => ({
  type: "scatter",
  symbolSize: data.length > 300 ? 3 : 5,
  itemStyle: { color },
  data: data.map(([x, y]) => [x, y]),
});

/** A vertical line at each x. */
const intervals = (data: readonly (readonly [x: number, low: number, high: number])[]): SeriesOption => ({
  type: "custom",
  silent: true,
  encode: { x: 0, y: [1, 2] },
  data: data.map((row) => [...row]),
  renderItem: (_params, api): CustomSeriesRenderItemReturn => {
    const [x1, y1] = api.coord([api.value(0), api.value(1)]) as [number, number];
    const [, y2] = api.coord([api.value(0), api.value(2)]) as [number, number];
    return {
      type: "line",
      shape: { x1, y1, x2: x1, y2 },
      style: { stroke: BLUE, lineWidth: 1, opacity: 0.45 },
    };
  },
});

const polygon = (corners: readonly (readonly [number, number])[], fill: string): SeriesOption => ({
  type: "custom",
  silent: true,
  data: [[corners[0]![0], corners[0]![1]]],
  renderItem: (_params, api): CustomSeriesRenderItemReturn => ({
    type: "polygon",
    shape: { points: corners.map((corner) => api.coord([...corner]) as [number, number]) },
    style: { fill },
  }),
});
