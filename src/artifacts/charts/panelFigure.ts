import type {
  EChartsOption,
  LegendComponentOption,
  LineSeriesOption,
  TitleComponentOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from "echarts";
import { type AxisRange, cutToRange, epochTicks, type Point } from "./axisRange.ts";
import { FONT_FAMILY, textWidth, wrapText } from "./font.ts";

export interface Curve {
  name: string;
  color: string;
  symbol: "circle" | "diamond";
  /** The symbol as a character, beside the curve's last value. */
  glyph: string;
  points: Point[];
}

export interface Panel {
  name: string;
  /** What the quantity is; `{sub|q}` in it is a subscript. */
  formula: string;
  unit: string;
  curves: Curve[];
  range: AxisRange;
  note: string | undefined;
}

const INK = "#222222";
const MUTED = "#666666";
const FAINT = "#e4e4e4";

// Everything below is in CSS pixels.
const WIDTH = 1200;
const MARGIN = 24;
const PANEL_GAP = 36;
const PLOT_HEIGHT = 250;
const LEGEND_WIDTH = 230;
const TITLE = {
  fontFamily: FONT_FAMILY,
  fontWeight: "bold",
  fontSize: 17,
  lineHeight: 24,
  color: INK,
} as const;
const TEXT = {
  fontFamily: FONT_FAMILY,
  fontWeight: "normal",
  fontSize: 12,
  lineHeight: 20,
  color: MUTED,
} as const;
/** Room for the axis name and the gap to its labels. */
const AXIS_NAME = 32;
/** With more epochs the markers would hide the curve; then only its last point has one. */
const MARKED_EPOCHS = 30;

/**
 * Panels side by side under one title and one legend, with epochs along each x axis. The layout is in plain numbers: the
 * gutters follow from the widths of the labels and the height from the lines of the title, so that nothing is clipped.
 */
export function panelFigure({
  title,
  subtitle,
  panels,
}: {
  title: string;
  subtitle: string;
  panels: Panel[];
}): {
  option: EChartsOption;
  size: { width: number; height: number };
} {
  const heading = figureHeading(title, subtitle);
  const panelTop = heading.bottom + 14;
  const panelLines = panels.some(({ note }) => note !== undefined) ? 3 : 2;
  const plotTop = panelTop + panelLines * TEXT.lineHeight + 14;

  const labelWidth = Math.max(...panels.map(({ range }) => widestLabel(range)));
  const column = (WIDTH - 2 * MARGIN - (panels.length - 1) * PANEL_GAP) / panels.length;
  const plotWidth = column - AXIS_NAME - labelWidth;
  const left = (panel: number) => MARGIN + panel * (column + PANEL_GAP) + column - plotWidth;
  const epochs = panels.flatMap(({ curves }) =>
    curves.flatMap(({ points }) => points.map(([epoch]) => epoch)),
  );

  const option: EChartsOption = {
    title: [...heading.lines, ...panels.map((panel, i) => panelHeading(panel, left(i), panelTop))],
    legend: legend(panels[0]?.curves ?? []),
    grid: panels.map((_, i) => ({
      left: left(i),
      top: plotTop,
      width: plotWidth,
      height: PLOT_HEIGHT,
      // The room for labels and names is already in these numbers.
      outerBoundsMode: "none",
    })),
    xAxis: panels.map((_, i) => epochAxis(i, epochs)),
    yAxis: panels.map((panel, i) => valueAxis(i, panel, labelWidth)),
    series: panels.flatMap(({ curves, range }, i) => curves.map((curve) => lineSeries(i, curve, range))),
  };
  return { option, size: { width: WIDTH, height: plotTop + PLOT_HEIGHT + 56 } };
}

function figureHeading(title: string, subtitle: string): { lines: TitleComponentOption[]; bottom: number } {
  const lines: TitleComponentOption[] = [];
  let bottom = 18;
  for (const [text, textStyle] of [
    [title, TITLE],
    [subtitle, TEXT],
  ] as const) {
    if (text === "") continue;
    const font = `${textStyle.fontWeight} ${textStyle.fontSize}px`;
    const wrapped = wrapText(text, font, WIDTH - 2 * MARGIN - LEGEND_WIDTH);
    lines.push({ left: MARGIN, top: bottom, padding: 0, text: wrapped.join("\n"), textStyle });
    bottom += wrapped.length * textStyle.lineHeight + 2;
  }
  return { lines, bottom };
}

/** The name and formula of a panel, the last value of each curve in its colour, and the note. */
function panelHeading(
  { name, formula, curves, note }: Panel,
  left: number,
  top: number,
): TitleComponentOption {
  const last = curves.map(({ glyph, points }, i) => {
    const value = points.findLast(([, y]) => !Number.isNaN(y))?.[1];
    return `{curve${i}|${glyph} ${value === undefined ? "–" : formatValue(value)}}`;
  });
  const colors = curves.map(({ color }, i) => [`curve${i}`, { ...TEXT, fontWeight: "bold", color }]);
  return {
    left,
    top,
    padding: 0,
    text: [`{name|${name}}  ${formula}`, `last  ${last.join("    ")}`, note ?? ""].join("\n"),
    textStyle: {
      ...TEXT,
      rich: {
        name: { ...TEXT, fontWeight: "bold", fontSize: 14, color: INK },
        sub: { ...TEXT, fontSize: 9, verticalAlign: "bottom" },
        ...Object.fromEntries(colors),
      },
    },
  };
}

function legend(curves: Curve[]): LegendComponentOption {
  return {
    right: MARGIN,
    top: 18,
    padding: 0,
    itemGap: 18,
    itemWidth: 28,
    itemHeight: 9,
    selectedMode: false,
    textStyle: { ...TEXT, color: INK },
    data: curves.map(({ name }) => name),
  };
}

const AXIS_NAME_STYLE = { ...TEXT, fontSize: 11.5 };

function epochAxis(gridIndex: number, epochs: number[]): XAXisComponentOption {
  const first = epochs.length > 0 ? Math.min(...epochs) : 0;
  const last = epochs.length > 0 ? Math.max(...epochs) : 1;
  const margin = first === last ? 1 : (last - first) * 0.03;
  const ticks = epochTicks(first, last);
  return {
    type: "value",
    gridIndex,
    min: first - margin,
    max: last + margin,
    name: "epoch",
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: AXIS_NAME_STYLE,
    axisLabel: { ...TEXT, fontSize: 11, customValues: ticks, formatter: (tick: number) => `${tick}` },
    axisTick: { customValues: ticks, lineStyle: { color: MUTED } },
    axisLine: { onZero: false, lineStyle: { color: MUTED } },
    splitLine: { show: false },
  };
}

function valueAxis(gridIndex: number, { range, unit }: Panel, labelWidth: number): YAXisComponentOption {
  return {
    type: "value",
    gridIndex,
    min: range.min,
    max: range.max,
    interval: range.step,
    name: unit,
    nameLocation: "middle",
    nameGap: labelWidth + 16,
    nameTextStyle: AXIS_NAME_STYLE,
    axisLabel: { ...TEXT, fontSize: 11, formatter: (tick: number) => formatTick(tick, range) },
    axisTick: { show: false },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: FAINT } },
  };
}

function lineSeries(
  panel: number,
  { name, color, symbol, points }: Curve,
  range: AxisRange,
): LineSeriesOption {
  const line = cutToRange(points, range);
  const measured = new Set(points);
  const isGap = (point: Point | undefined) => point === undefined || Number.isNaN(point[1]);
  const lastValue = points.findLast((point) => !isGap(point));
  // A cut adds points on the edge of the axis, which are no measurements; a point between two gaps has no line to show it.
  const isMarked = (point: Point, i: number) =>
    measured.has(point) &&
    (points.length <= MARKED_EPOCHS || point === lastValue || (isGap(line[i - 1]) && isGap(line[i + 1])));
  return {
    type: "line",
    name,
    xAxisIndex: panel,
    yAxisIndex: panel,
    color,
    symbol,
    symbolSize: symbol === "circle" ? 6 : 8,
    showAllSymbol: true,
    lineStyle: { width: 2 },
    itemStyle: { borderWidth: 0 },
    silent: true,
    clip: false,
    data: line.map((point, i) => ({ value: [...point], ...(isMarked(point, i) ? {} : { symbol: "none" }) })),
  };
}

function widestLabel(range: AxisRange): number {
  return Math.max(...[range.min, range.max].map((tick) => textWidth(formatTick(tick, range), "11px")));
}

/** As many digits as tell one tick from the next. */
function formatTick(tick: number, { min, max, step }: AxisRange): string {
  const largest = Math.max(Math.abs(min), Math.abs(max));
  const rounded = Math.round(tick / step) * step;
  const magnitude = (value: number) => Math.floor(Math.log10(value) + 1e-9);
  if (largest >= 1e7) return typographic(rounded.toExponential(magnitude(largest) - magnitude(step)));
  return typographic(withDecimals(rounded, Math.max(0, -magnitude(step))));
}

/** A value as a reader compares it: hundredths of a nat while they can matter. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return typographic(value.toExponential(2));
  const decimals = size < 1e3 ? 2 : size < 1e5 ? 1 : 0;
  return typographic(withDecimals(value, decimals));
}

function withDecimals(value: number, decimals: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A minus sign of the width of a digit in place of the hyphen, and 1e6 without its plus. */
function typographic(number: string): string {
  return number.replaceAll("-", "−").replace("+", "");
}
