import type { EChartsOption, SeriesOption, XAXisComponentOption, YAXisComponentOption } from "echarts";
import type { ColumnDescription } from "../../data/table/describe.ts";
import type { Drawing } from "./drawing.ts";
import { textWidth } from "./font.ts";
import { cssFont, FAINT, INK, MUTED, SMALL, TEXT } from "./panel.ts";
import { headingOf, MARGIN } from "./plot.ts";
import { renderChart } from "./renderChart.ts";

// CSS pixels.
const WIDTH = 1240;
const ACROSS = 5;
const PLOT_HEIGHT = 92;
/** Below a plot: the ends of its axis. */
const AXIS = 22;
/** Above it: its name and its numbers. */
const HEAD = 42;
const GAP = { x: 26, y: 18 };
/** Beside the bars of categories: their names. */
const LABELS = 84;

const BLUE = "#0072B2";
const VERMILION = "#D55E00";

/** The bar of a single value is as narrow as if there were so many. */
const LEAST_BINS = 24;

/** A figure holds so many columns. */
const MOST_COLUMNS = 30;

/** The first columns, and the target wherever it is. */
export function shownColumns<Column extends { readonly number: number }>(
  columns: readonly Column[],
  target: number,
): Column[] {
  const first = columns.slice(0, MOST_COLUMNS);
  const beyond = columns.slice(MOST_COLUMNS).filter(({ number }) => number === target);
  return [...first.slice(0, MOST_COLUMNS - beyond.length), ...beyond];
}

/**
 * How the values of each of up to 30 columns of a table are spread: a histogram, or bars of its most frequent categories. As
 * a PNG.
 */
export function columnsChart(
  columns: readonly ColumnDescription[],
  meta: { title: string; subtitle: string; target: number },
): Drawing {
  const pitch = (WIDTH - 2 * MARGIN + GAP.x) / ACROSS;
  const { titles, bottom } = headingOf(meta.title, [meta.subtitle], WIDTH);
  const rowHeight = HEAD + PLOT_HEIGHT + AXIS + GAP.y;
  const panels = columns.map((column, i) => {
    const left = MARGIN + (i % ACROSS) * pitch;
    const top = bottom + 14 + Math.floor(i / ACROSS) * rowHeight;
    const isTarget = column.number === meta.target;
    return panelOf(column, { left, top, width: pitch - GAP.x, i, isTarget });
  });
  const option: EChartsOption = {
    title: [...titles, ...panels.map(({ title }) => title)],
    grid: panels.map(({ grid }) => grid),
    xAxis: panels.map(({ xAxis }) => xAxis) as XAXisComponentOption[],
    yAxis: panels.map(({ yAxis }) => yAxis) as YAXisComponentOption[],
    series: panels.map(({ series }) => series) as SeriesOption[],
  };
  const rows = Math.ceil(columns.length / ACROSS);
  return renderChart(option, { width: WIDTH, height: bottom + 14 + rows * rowHeight });
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly i: number;
  readonly isTarget: boolean;
}

function panelOf(column: ColumnDescription, { left, top, width, i, isTarget }: Place) {
  const bold = { ...TEXT, fontWeight: "bold" as const, fontSize: 13, color: isTarget ? VERMILION : INK };
  const name = cutTo(isTarget ? `${column.name} (target)` : column.name, cssFont(bold), width);
  const note = cutTo(noteOf(column), cssFont(SMALL), width);
  const inset = column.kind === "number" ? 0 : LABELS;
  const color = isTarget ? VERMILION : BLUE;
  return {
    title: {
      left,
      top,
      padding: 0,
      text: `{name|${plain(name)}}\n{note|${plain(note)}}`,
      textStyle: { ...TEXT, lineHeight: 18, rich: { name: bold, note: SMALL } },
    },
    grid: {
      left: left + inset,
      top: top + HEAD,
      width: width - inset,
      height: PLOT_HEIGHT,
      outerBoundsMode: "none" as const,
    },
    ...(column.kind === "number"
      ? histogram(column, { width, i, color })
      : categoryBars(column.top, { i, color })),
  };
}

/** Braces would begin a style of the chart library. */
const plain = (text: string) => text.replace(/[{}|]/g, "¦").replaceAll("\n", " ");

function noteOf(column: ColumnDescription): string {
  const missing = column.missing > 0 ? `, ${column.missing} missing` : "";
  if (column.kind !== "number")
    return column.kind === "empty" ? "no values" : `${column.distinct} different${missing}`;
  const { mean, standardDeviation } = column;
  return `mean ${formatNumber(mean)}, sd ${formatNumber(standardDeviation)}${missing}`;
}

/** Four digits of a number of any size. */
function formatNumber(value: number): string {
  const size = Math.abs(value);
  const isPlain = size === 0 || (size >= 1e-3 && size < 1e7);
  const text = isPlain
    ? value.toLocaleString("en-US", { maximumSignificantDigits: 4 })
    : value.toExponential(2);
  return text.replaceAll("-", "−").replace("+", "");
}

function cutTo(text: string, font: string, width: number): string {
  if (textWidth(text, font) <= width) return text;
  let end = text.length;
  while (end > 0 && textWidth(`${text.slice(0, end)}…`, font) > width) end--;
  return `${text.slice(0, end)}…`;
}

type Drawn = { i: number; color: string };

function histogram(
  { min, max, histogram: counts }: ColumnDescription & { kind: "number" },
  { width, i, color }: Drawn & { width: number },
) {
  const [low, high] = max > min ? [min, max] : [min - 0.5, max + 0.5];
  const binWidth = (high - low) / counts.length;
  const ends = max > min ? [low, high] : [min];
  return {
    xAxis: {
      type: "value",
      gridIndex: i,
      min: low,
      max: high,
      axisLabel: {
        ...SMALL,
        customValues: ends,
        formatter: formatNumber,
        alignMinLabel: "left",
        alignMaxLabel: "right",
      },
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: MUTED } },
      splitLine: { show: false },
    },
    yAxis: { type: "value", gridIndex: i, show: false, min: 0 },
    series: {
      ...barsOf({ i, color }),
      barWidth: width / Math.max(counts.length, LEAST_BINS),
      data: counts.map((count, bin) => [low + (bin + 0.5) * binWidth, count]),
    },
  };
}

const barsOf = ({ i, color }: Drawn) =>
  ({ type: "bar", silent: true, xAxisIndex: i, yAxisIndex: i, color }) as const;

function categoryBars(top: readonly { value: string; count: number }[], { i, color }: Drawn) {
  const font = cssFont(SMALL);
  return {
    xAxis: { type: "value", gridIndex: i, show: false, min: 0 },
    yAxis: {
      type: "category",
      gridIndex: i,
      inverse: true,
      data: top.map(({ value }) => cutTo(value, font, LABELS - 8)),
      axisLabel: { ...SMALL, interval: 0, lineHeight: 11 },
      axisTick: { show: false },
      axisLine: { show: top.length > 0, lineStyle: { color: FAINT } },
    },
    series: {
      ...barsOf({ i, color }),
      barCategoryGap: "25%",
      data: top.map(({ count }) => count),
    },
  };
}
