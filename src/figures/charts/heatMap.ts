import type { EChartsOption } from "echarts";
import type { Drawing } from "./drawing.ts";
import { textWidth } from "./font.ts";
import { formatValue } from "./formatNumber.ts";
import { cssFont, INK, MUTED, SMALL, TEXT } from "./panel.ts";
import { headingOf, MARGIN } from "./plot.ts";
import { renderChart } from "./renderChart.ts";

/** A value at a place of two lists. */
export interface HeatCell {
  readonly column: number;
  readonly row: number;
  readonly value: number;
  readonly isBest: boolean;
}

/** The columns, from left to right, or the rows, from below. */
export interface HeatAxis {
  readonly name: string;
  readonly ticks: readonly string[];
}

// CSS pixels.
const LEAST_WIDTH = 640;
const MOST_WIDTH = 1400;
const CELL_HEIGHT = 44;
const LEAST_HEIGHT = 22;
const MOST_HEIGHT = 800;
const X_AXIS = 58;

/** From the lowest value to the highest, dark to light (viridis): with a number in each cell where there is room for it. */
const COLORS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
const isDark = (share: number) => share < 0.55;

/** A value for pairs of two settings, lower being better. */
export function heatMap(
  cells: readonly HeatCell[],
  axes: { x: HeatAxis; y: HeatAxis },
  meta: { title: string; subtitle: string },
): Drawing {
  const font = cssFont(SMALL);
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => textWidth(text, font)));
  const texts = cells.map(({ value, isBest }) => `${formatValue(value)}${isBest ? " ★" : ""}`);
  const left = MARGIN + widest(axes.y.ticks) + 40;
  const wish = Math.max(widest(texts) + 16, widest(axes.x.ticks) + 12);
  const width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, left + MARGIN + wish * axes.x.ticks.length));
  const plotWidth = width - left - MARGIN;
  const cellHeight = Math.min(CELL_HEIGHT, Math.max(LEAST_HEIGHT, MOST_HEIGHT / axes.y.ticks.length));
  const plotHeight = cellHeight * axes.y.ticks.length;
  const hasText = plotWidth / axes.x.ticks.length >= widest(texts) + 4;
  const { titles, bottom } = headingOf(meta.title, [meta.subtitle], width);
  const top = bottom + 14;
  const values = cells.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const shareOf = (value: number) => (high > low ? (value - low) / (high - low) : 0);
  const axis = ({ name, ticks }: HeatAxis, nameGap: number) => ({
    type: "category" as const,
    data: [...ticks],
    name,
    nameLocation: "middle" as const,
    nameGap,
    nameTextStyle: TEXT,
    axisLabel: { ...SMALL, hideOverlap: true },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: MUTED } },
  });
  const option: EChartsOption = {
    title: titles,
    grid: { left, top, width: plotWidth, height: plotHeight, outerBoundsMode: "none" },
    xAxis: axis(axes.x, 28),
    yAxis: axis(axes.y, widest(axes.y.ticks) + 18),
    visualMap: {
      show: false,
      min: low,
      max: high > low ? high : low + 1,
      dimension: 2,
      inRange: { color: COLORS },
    },
    series: {
      type: "heatmap",
      silent: true,
      itemStyle: { borderColor: "#fff", borderWidth: 1 },
      data: cells.map(({ column, row, value }, i) => ({
        value: [column, row, value],
        label: {
          show: hasText,
          formatter: () => texts[i]!,
          ...SMALL,
          color: isDark(shareOf(value)) ? "#fff" : INK,
        },
      })),
    },
  };
  return renderChart(option, { width, height: top + plotHeight + X_AXIS });
}
