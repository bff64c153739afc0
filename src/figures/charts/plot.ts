import type {
  EChartsOption,
  TitleComponentOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from "echarts";
import type { AxisRange, Point } from "./axisRange.ts";
import { wrapText } from "./font.ts";
import { formatTick } from "./formatNumber.ts";
import { cssFont, FAINT, MUTED, SMALL, TEXT, TITLE } from "./panel.ts";
import type { Box } from "./placeLabels.ts";

// CSS pixels.
export const MARGIN = 24;
const TOP = 18;

/** Title and lines below it, broken to the width; `bottom` is where the rest may start. */
export function headingOf(
  title: string,
  lines: readonly string[],
  width: number,
): { titles: TitleComponentOption[]; bottom: number } {
  const titles: TitleComponentOption[] = [];
  let bottom = TOP;
  for (const [text, textStyle] of [[title, TITLE] as const, ...lines.map((line) => [line, TEXT] as const)]) {
    const wrapped = wrapText(text, cssFont(textStyle), width - 2 * MARGIN);
    titles.push({ left: MARGIN, top: bottom, padding: 0, text: wrapped.join("\n"), textStyle });
    bottom += wrapped.length * textStyle.lineHeight + 2;
  }
  return { titles, bottom };
}

/** One set of value axes whose rectangle is known, so that marks can be placed by pixels. */
export interface Plot {
  readonly area: Box;
  readonly x: AxisRange;
  readonly y: AxisRange;
}

/** The place of a point in CSS pixels. */
export const place = ({ area, x, y }: Plot, [a, b]: Point): [number, number] => [
  area.left + (area.width * (a - x.min)) / (x.max - x.min),
  area.top + (area.height * (y.max - b)) / (y.max - y.min),
];

export function plotOption(
  { area, x, y }: Plot,
  names: { x: string; y: string; yGap: number },
): Pick<EChartsOption, "grid" | "xAxis" | "yAxis"> {
  const axis = (range: AxisRange, name: string, nameGap: number) => ({
    type: "value" as const,
    min: range.min,
    max: range.max,
    interval: range.step,
    name,
    nameLocation: "middle" as const,
    nameGap,
    nameTextStyle: SMALL,
    axisLabel: { ...SMALL, formatter: (tick: number) => formatTick(tick, range) },
    axisTick: { show: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
    splitLine: { lineStyle: { color: FAINT } },
  });
  return {
    grid: { ...area, outerBoundsMode: "none" },
    xAxis: axis(x, names.x, 28) satisfies XAXisComponentOption,
    yAxis: axis(y, names.y, names.yGap) satisfies YAXisComponentOption,
  };
}
