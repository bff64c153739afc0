import type { EChartsOption, LineSeriesOption } from "echarts";
import { counted } from "../../base/counted.ts";
import { cutToRange, type Point, readableRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { textWidth, wrapText } from "./font.ts";
import { widestTick } from "./formatNumber.ts";
import { cssFont, INK, MUTED, SMALL } from "./panel.ts";
import { epochAxis, valueAxis } from "./panelAxes.ts";
import { headingOf, MARGIN } from "./plot.ts";
import { renderChart } from "./renderChart.ts";

/** A quantity over the epochs, of one run or the mean of several. */
export interface NamedCurve {
  readonly label: string;
  readonly points: readonly Point[];
}

// CSS pixels.
const WIDTH = 1040;
const PLOT_HEIGHT = 440;
const X_AXIS = 58;
const KEY_WIDTH = 230;
const KEY_LINE = 15;
/** Of more points the drawing shows no more. */
const MOST_POINTS = 300;

/** Of Okabe and Ito, told apart with any colour vision; without the yellow, which is faint on white. */
const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"] as const;

/** More curves are not drawn. */
export const MOST_CURVES = 100;

/**
 * Learning curves on one pair of axes, the first of them in colours with a key, the others in grey; `more` are not among
 * them.
 */
export function curvesChart(
  curves: readonly NamedCurve[],
  meta: { title: string; subtitle: string; unit: string; more: number },
): Drawing {
  const values = curves.flatMap(({ points }) => points.map(([, y]) => y).filter(Number.isFinite));
  const y = readableRange(values, 6);
  const epochs = curves.flatMap(({ points }) => [points[0]?.[0] ?? [], points.at(-1)?.[0] ?? []].flat());
  const font = cssFont(SMALL);
  const left = MARGIN + widestTick(y, font) + 34;
  const hidden = values.filter((value) => value > y.max || value < y.min).length;
  const cut = hidden > 0 ? [`${hidden} of ${values.length} values lie outside of the axes`] : [];
  const { titles, bottom } = headingOf(meta.title, [[meta.subtitle, ...cut].join("  ·  ")], WIDTH);
  const area = {
    left,
    top: bottom + 14,
    width: WIDTH - left - KEY_WIDTH - 2 * MARGIN,
    height: PLOT_HEIGHT,
  };
  const seriesOf = ({ points }: NamedCurve, color: string, isGrey: boolean): LineSeriesOption => ({
    type: "line",
    silent: true,
    z: isGrey ? 2 : 3,
    color,
    symbol: points.length === 1 ? "circle" : "none",
    symbolSize: 6,
    lineStyle: { width: isGrey ? 1 : 2, ...(isGrey && { opacity: 0.5 }) },
    data: cutToRange(thinned(points), y).map(([a, b]) => [a, b]),
  });
  const colored = curves.slice(0, COLORS.length);
  const grey = curves.slice(COLORS.length);
  const option: EChartsOption = {
    title: titles,
    grid: { ...area, outerBoundsMode: "none" },
    xAxis: epochAxis(0, epochs),
    yAxis: valueAxis(0, { range: y, unit: meta.unit }),
    graphic: key(colored, grey.length, meta.more, {
      left: area.left + area.width + MARGIN,
      top: area.top,
    }),
    series: [
      ...grey.map((curve) => seriesOf(curve, "#8a8a8a", true)),
      ...colored.map((curve, i) => seriesOf(curve, COLORS[i]!, false)).reverse(),
    ],
  };
  return renderChart(option, { width: WIDTH, height: area.top + PLOT_HEIGHT + X_AXIS });
}

function key(
  colored: readonly NamedCurve[],
  grey: number,
  more: number,
  { left, top }: { left: number; top: number },
) {
  const font = cssFont(SMALL);
  let y = top;
  const entry = (label: string, color: string, ink: string) => {
    const lines = wrapText(label, font, KEY_WIDTH - 30).slice(0, 3);
    const middle = y + KEY_LINE / 2;
    const marks = [
      {
        type: "line" as const,
        shape: { x1: left, y1: middle, x2: left + 20, y2: middle },
        style: { stroke: color, lineWidth: 2, fill: null },
      },
      ...lines.map((text, i) => ({
        type: "text" as const,
        x: left + 28,
        y: y + 2 + i * KEY_LINE,
        style: { text, font, fill: ink, width: textWidth(text, font) },
      })),
    ];
    y += lines.length * KEY_LINE + 7;
    return marks;
  };
  const others = `${counted(grey, "other")}${more > 0 ? `, and ${more} that are not drawn` : ""}`;
  return [
    ...colored.flatMap(({ label }, i) => entry(label, COLORS[i]!, INK)),
    ...(grey > 0 ? entry(others, "#8a8a8a", MUTED) : []),
  ];
}

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every === 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
