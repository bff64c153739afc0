import type { LineSeriesOption, XAXisComponentOption, YAXisComponentOption } from "echarts";
import { type AxisRange, cutToRange, epochTicks, type Point } from "./axisRange.ts";
import { formatTick, widestTick } from "./formatNumber.ts";
import { type Curve, cssFont, FAINT, MUTED, type Panel, SMALL } from "./panel.ts";

/** With more epochs the markers would hide the curve; then only its last point has one. */
const MARKED_EPOCHS = 30;

export function epochAxis(gridIndex: number, epochs: readonly number[]): XAXisComponentOption {
  const [first, last] = epochs.length > 0 ? [Math.min(...epochs), Math.max(...epochs)] : [0, 1];
  const margin = first === last ? 1 : (last - first) * 0.03;
  const ticks = epochTicks(first, last);
  return {
    type: "value",
    gridIndex,
    min: first - margin,
    max: last + margin,
    name: "epoch",
    nameLocation: "middle",
    nameGap: 24,
    nameTextStyle: SMALL,
    axisLabel: { ...SMALL, customValues: ticks, formatter: (tick: number) => `${tick}` },
    axisTick: { customValues: ticks, lineStyle: { color: MUTED } },
    axisLine: { onZero: false, lineStyle: { color: MUTED } },
    splitLine: { show: false },
  };
}

export function valueAxis(
  gridIndex: number,
  { range, unit }: Pick<Panel, "range" | "unit">,
): YAXisComponentOption {
  return {
    type: "value",
    gridIndex,
    min: range.min,
    max: range.max,
    interval: range.step,
    name: unit,
    nameLocation: "middle",
    nameGap: widestTick(range, cssFont(SMALL)) + 16,
    nameTextStyle: SMALL,
    axisLabel: { ...SMALL, formatter: (tick: number) => formatTick(tick, range) },
    axisTick: { show: false },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: FAINT } },
  };
}

export function lineSeries(axisIndex: number, curve: Curve, range: AxisRange): LineSeriesOption {
  const { name, color, symbol, points } = curve;
  const line = cutToRange(points, range);
  const measured = new Set(points);
  const isGap = (point: Point | undefined) => point === undefined || Number.isNaN(point[1]);
  const last = points.findLast((point) => !isGap(point));
  // The ends of a cut are no measurements. A point between two gaps has no line to show it.
  const isMarked = (point: Point, i: number) =>
    measured.has(point) &&
    (points.length <= MARKED_EPOCHS || point === last || (isGap(line[i - 1]) && isGap(line[i + 1])));
  return {
    type: "line",
    name,
    xAxisIndex: axisIndex,
    yAxisIndex: axisIndex,
    color,
    symbol,
    // A diamond has half the area of its square.
    symbolSize: symbol === "diamond" ? 8 : 6,
    showAllSymbol: true,
    lineStyle: { width: 2 },
    itemStyle: { borderWidth: 0 },
    silent: true,
    data: line.map((point, i) => ({ value: [...point], ...(isMarked(point, i) ? {} : { symbol: "none" }) })),
  };
}
