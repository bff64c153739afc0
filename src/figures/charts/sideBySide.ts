import type { EChartsOption, SeriesOption, XAXisComponentOption, YAXisComponentOption } from "echarts";
import type { Drawing } from "./drawing.ts";
import { wrapText } from "./font.ts";
import { cssFont, FAINT, INK, MUTED, SMALL, TEXT, TITLE } from "./panel.ts";
import { renderChart } from "./renderChart.ts";

/** One of a few views of the same thing. */
export interface SidePanel {
  readonly name: string;
  /** What it says, in a line below the name. */
  readonly formula: string;
  /** Styles of parts of it, `{style|part}`. */
  readonly rich?: Readonly<Record<string, object>>;
  readonly x: XAXisComponentOption;
  readonly y: YAXisComponentOption;
  readonly series: readonly SeriesOption[];
}

// CSS pixels.
const WIDTH = 1040;
const HEIGHT = 400;
const MARGIN = 24;
const AXIS = 58;
const RIGHT = 14;
const PLOT_TOP = 128;
export const BLUE = "#0072B2";
export const VERMILION = "#D55E00";

/** The width of a panel's axes, of so many beside each other. */
export const plotWidthOf = (panels: number) => (WIDTH - 2 * MARGIN) / panels - AXIS - RIGHT;

/** Up to three panels beside each other, below a title. */
export function sideBySide(
  panels: readonly SidePanel[],
  meta: { readonly title: string; readonly subtitle: string; readonly height?: number },
): Drawing {
  const { height = HEIGHT } = meta;
  const width = plotWidthOf(panels.length);
  const plot = { top: PLOT_TOP, width, height: height - PLOT_TOP - 58 };
  const heading = wrapText(meta.subtitle, cssFont(TEXT), WIDTH - 2 * MARGIN).join("\n");
  const left = (i: number) => MARGIN + i * (width + AXIS + RIGHT) + AXIS;
  const option: EChartsOption = {
    title: [
      { left: MARGIN, top: 18, padding: 0, text: meta.title, textStyle: TITLE },
      { left: MARGIN, top: 44, padding: 0, text: heading, textStyle: TEXT },
      ...panels.map(({ name, formula, rich }, i) => ({
        left: left(i),
        top: 76,
        padding: 0,
        text: `{name|${name}}\n${formula}`,
        textStyle: {
          ...SMALL,
          rich: { ...rich, name: { ...TEXT, fontWeight: "bold" as const, fontSize: 14, color: INK } },
        },
      })),
    ],
    grid: panels.map((_, i) => ({ left: left(i), ...plot, outerBoundsMode: "none" as const })),
    xAxis: panels.map(({ x }, gridIndex) => ({
      ...{ nameLocation: "middle", nameGap: 26, nameTextStyle: SMALL, axisLabel: SMALL },
      ...{ splitLine: { show: false }, axisLine: { onZero: false, lineStyle: { color: MUTED } } },
      ...x,
      gridIndex,
    })) as XAXisComponentOption[],
    yAxis: panels.map(({ y }, gridIndex) => ({
      ...{ type: "value", min: 0, nameLocation: "middle", nameGap: 38, nameTextStyle: SMALL },
      ...{
        axisLabel: SMALL,
        axisLine: { show: false, onZero: false },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: FAINT } },
      },
      ...y,
      gridIndex,
    })) as YAXisComponentOption[],
    series: panels.flatMap(({ series }, i) =>
      series.map((one) => ({ ...one, xAxisIndex: i, yAxisIndex: i })),
    ) as SeriesOption[],
  };
  return renderChart(option, { width: WIDTH, height });
}

/** An axis of probabilities. */
export const shareAxis = (name: string): XAXisComponentOption => ({ type: "value", min: 0, max: 1, name });

/** Bars that touch, for a histogram that fills a panel of this width. */
export const bars = (data: readonly (readonly [number, number])[], plotWidth: number): SeriesOption => ({
  type: "bar",
  color: BLUE,
  barWidth: plotWidth / data.length,
  data: data.map(([x, y]) => [x, y]),
});

/** The line that the figures lie on if all is as assumed. */
export const expectedLine = (points: readonly (readonly [number, number])[]): SeriesOption => ({
  type: "line",
  color: VERMILION,
  symbol: "none",
  lineStyle: { width: 1.5, type: "dashed" },
  data: points.map(([x, y]) => [x, y]),
});

/** Shares that were found by those that are expected, with a mark for each; they are on the diagonal if all is right. */
export const againstDiagonal = (
  data: readonly (readonly [expected: number, found: number])[],
): SeriesOption[] => [
  { type: "line", color: BLUE, symbol: "circle", symbolSize: 8, data: data.map(([x, y]) => [x, y]) },
  expectedLine([
    [0, 0],
    [1, 1],
  ]),
];
