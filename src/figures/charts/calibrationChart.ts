import type { EChartsOption, SeriesOption, XAXisComponentOption, YAXisComponentOption } from "echarts";
import { wrapText } from "./font.ts";
import { cssFont, FAINT, INK, MUTED, SMALL, TEXT, TITLE } from "./panel.ts";
import { renderChart } from "./renderChart.ts";

/** What the chart shows of a `Calibration`; shares of all values. */
export interface CalibrationFigures {
  readonly pit: readonly number[];
  readonly coverage: readonly { readonly nominal: number; readonly observed: number }[];
  readonly residuals: {
    readonly mean: number;
    readonly standardDeviation: number;
    readonly histogram: readonly number[];
  };
}

// CSS pixels.
const WIDTH = 1040;
const HEIGHT = 400;
const MARGIN = 24;
const COLUMN = (WIDTH - 2 * MARGIN) / 3;
const AXIS = 58;
const PLOT = { top: 128, width: COLUMN - AXIS - 14, height: HEIGHT - 128 - 58 };
const BLUE = "#0072B2";
const VERMILION = "#D55E00";

/**
 * Three views of the noise that a likelihood assumes, against the noise there is: the PIT histogram (flat if they agree),
 * the coverage of central intervals, the standardised residuals between ∓`range`. As a PNG.
 */
export function calibrationChart(
  { pit, coverage, residuals }: CalibrationFigures,
  meta: { title: string; subtitle: string; range: number },
): Promise<Buffer> {
  const binWidth = (2 * meta.range) / residuals.histogram.length;
  const densities = residuals.histogram.map((share) => share / binWidth);
  const middle = (i: number) => -meta.range + (i + 0.5) * binWidth;
  const panels: PanelParts[] = [
    {
      name: "PIT",
      formula: "F(x|z) of every value; flat if the noise is right",
      x: shareAxis("F(x|z)"),
      y: { name: "share of the values / its share if right" },
      series: [bars(pit.map((share, i) => [(i + 0.5) / pit.length, share * pit.length]))],
      expected: [
        [0, 1],
        [1, 1],
      ],
    },
    {
      name: "Coverage",
      formula: coverage.map((c) => `${percent(c.nominal)}: ${percent(c.observed, 1)}`).join("   "),
      x: shareAxis("probability of the central interval"),
      y: { name: "share of the values within", min: 0, max: 1 },
      series: [
        {
          type: "line",
          color: BLUE,
          symbol: "circle",
          symbolSize: 8,
          data: coverage.map(({ nominal, observed }) => [nominal, observed]),
        },
      ],
      expected: [
        [0, 0],
        [1, 1],
      ],
    },
    {
      name: "Residuals",
      formula: `(x − E[x|z]) / sd: mean ${fixed(residuals.mean)}, sd ${fixed(residuals.standardDeviation)}`,
      x: { type: "value", min: -meta.range, max: meta.range, name: "standardised residual; line: normal" },
      y: { name: "density" },
      series: [bars(densities.map((density, i) => [middle(i), density]))],
      expected: densities.map((_, i) => [
        middle(i),
        Math.exp(-0.5 * middle(i) ** 2) / Math.sqrt(2 * Math.PI),
      ]),
    },
  ];
  const heading = wrapText(meta.subtitle, cssFont(TEXT), WIDTH - 2 * MARGIN).join("\n");
  const left = (i: number) => MARGIN + i * COLUMN + AXIS;
  const option: EChartsOption = {
    title: [
      { left: MARGIN, top: 18, padding: 0, text: meta.title, textStyle: TITLE },
      { left: MARGIN, top: 44, padding: 0, text: heading, textStyle: TEXT },
      ...panels.map(({ name, formula }, i) => ({
        left: left(i),
        top: 76,
        padding: 0,
        text: `{name|${name}}\n${formula}`,
        textStyle: {
          ...SMALL,
          rich: { name: { ...TEXT, fontWeight: "bold" as const, fontSize: 14, color: INK } },
        },
      })),
    ],
    grid: panels.map((_, i) => ({ left: left(i), ...PLOT, outerBoundsMode: "none" as const })),
    xAxis: panels.map(({ x }, gridIndex) => ({
      ...{ nameLocation: "middle", nameGap: 26, nameTextStyle: SMALL, axisLabel: SMALL },
      ...{ splitLine: { show: false }, axisLine: { onZero: false, lineStyle: { color: MUTED } } },
      ...x,
      gridIndex,
    })) as XAXisComponentOption[],
    yAxis: panels.map(({ y }, gridIndex) => ({
      ...{ type: "value", min: 0, nameLocation: "middle", nameGap: 38, nameTextStyle: SMALL },
      ...{ axisLabel: SMALL, axisLine: { show: false }, splitLine: { lineStyle: { color: FAINT } } },
      ...y,
      gridIndex,
    })) as YAXisComponentOption[],
    series: panels.flatMap(({ series, expected }, i) =>
      [...series, expectedLine(expected)].map((one) => ({ ...one, xAxisIndex: i, yAxisIndex: i })),
    ) as SeriesOption[],
  };
  return renderChart(option, { width: WIDTH, height: HEIGHT });
}

interface PanelParts {
  readonly name: string;
  readonly formula: string;
  readonly x: XAXisComponentOption;
  readonly y: YAXisComponentOption;
  readonly series: readonly SeriesOption[];
  /** The line that the figures lie on if the noise is as assumed. */
  readonly expected: readonly (readonly [number, number])[];
}

const shareAxis = (name: string): XAXisComponentOption => ({ type: "value", min: 0, max: 1, name });

/** Bars that touch, for a histogram. */
const bars = (data: [number, number][]): SeriesOption => ({
  type: "bar",
  color: BLUE,
  barWidth: PLOT.width / data.length,
  data,
});

const expectedLine = (points: readonly (readonly [number, number])[]): SeriesOption => ({
  type: "line",
  color: VERMILION,
  symbol: "none",
  lineStyle: { width: 1.5, type: "dashed" },
  data: points.map(([x, y]) => [x, y]),
});

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;

const fixed = (value: number) => value.toFixed(2).replace("-", "−");
