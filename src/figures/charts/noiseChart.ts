import type { EChartsOption, SeriesOption, XAXisComponentOption, YAXisComponentOption } from "echarts";
import { cutToRange, type Point } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { wrapText } from "./font.ts";
import { cssFont, FAINT, INK, MUTED, SMALL, TEXT, TITLE } from "./panel.ts";
import { renderChart } from "./renderChart.ts";

/** A density in units of its standard deviation, and how far it is from N(0, 1). */
export interface NoiseCurve {
  readonly title: string;
  readonly note: string;
  readonly curve: readonly Point[];
}

export interface NoiseFigures {
  readonly title: string;
  readonly subtitle: string;
  readonly residual: NoiseCurve;
  /** A row for each kind of disturbance. */
  readonly sums: readonly (readonly NoiseCurve[])[];
}

// CSS pixels.
const WIDTH = 1040;
const MARGIN = 24;
const INNER = WIDTH - 2 * MARGIN;
const AXIS = 52;
const TOP = 140;
const LARGE = { width: INNER / 2 - AXIS - 24, height: 240 };
const ROWS_TOP = TOP + LARGE.height + 150;
const SMALL_PLOT = { height: 92, pitch: 160 };
const BLUE = "#0072B2";
const VERMILION = "#D55E00";

/** In standard deviations, and as a density. */
const RANGE = 4;
const HIGHEST = 1;
/** The powers of ten that the logarithmic panel shows. */
const LOG_RANGE = { min: -5, max: 1 };

/**
 * The residual's density against the Gaussian, plainly and by its logarithm, where the tails show; below, sums of
 * disturbances, a row for each kind.
 */
export function noiseChart({ title, subtitle, residual, sums }: NoiseFigures): Drawing {
  const columns = sums[0]!.length;
  const pitch = INNER / columns;
  const heading = wrapText(subtitle, cssFont(TEXT), INNER).join("\n");
  const peak = Math.max(...residual.curve.map(([, density]) => density));
  const cut = (peak: number) => (peak > HIGHEST ? `; peak ${peak.toFixed(1)}, cut at ${HIGHEST}` : "");
  const panels: PanelParts[] = [
    {
      title: `${residual.title}`,
      note: residual.note + cut(peak),
      grid: { left: MARGIN + AXIS, top: TOP, ...LARGE },
      x: "residual / its standard deviation",
      y: { min: 0, max: Math.min(HIGHEST, Math.max(0.5, peak)), name: "density" },
      curve: closed(residual.curve),
      expected: normal,
      inset: 48,
    },
    {
      title: "The same by powers of ten",
      note: "above the dashed line in the tails: more large errors than a Gaussian has",
      grid: { left: MARGIN + INNER / 2 + AXIS, top: TOP, ...LARGE },
      x: "residual / its standard deviation",
      y: { ...LOG_RANGE, interval: 1, name: "log₁₀ density" },
      curve: residual.curve.map(([x, density]) => [x, Math.log10(density)]),
      expected: normal.map(([x, density]) => [x, Math.log10(density)]),
      inset: 48,
    },
    ...sums.flatMap((row, r) =>
      row.map((sum, c): PanelParts => {
        const peak = Math.max(...sum.curve.map(([, density]) => density));
        return {
          title: sum.title,
          note: sum.note + (peak > HIGHEST ? "; peak cut" : ""),
          grid: {
            left: MARGIN + c * pitch + 30,
            top: ROWS_TOP + r * SMALL_PLOT.pitch,
            width: pitch - 46,
            height: SMALL_PLOT.height,
          },
          y: { min: 0, max: peak > 0.7 ? HIGHEST : 0.6, interval: peak > 0.7 ? 0.5 : 0.3 },
          curve: closed(sum.curve),
          expected: normal,
          inset: 38,
        };
      }),
    ),
  ];
  const option: EChartsOption = {
    title: [
      { left: MARGIN, top: 18, padding: 0, text: title, textStyle: TITLE },
      { left: MARGIN, top: 46, padding: 0, text: heading, textStyle: TEXT },
      ...panels.map(({ title, note, grid, inset }) => ({
        left: grid.left,
        top: grid.top - inset,
        padding: 0,
        text: `{name|${title}}\n${note}`,
        textStyle: {
          ...SMALL,
          lineHeight: 16,
          rich: { name: { ...TEXT, lineHeight: 18, fontWeight: "bold" as const, color: INK } },
        },
      })),
      {
        left: MARGIN,
        top: ROWS_TOP - 80,
        padding: 0,
        text: "Standardised sums of n independent disturbances",
        textStyle: { ...TITLE, fontSize: 15 },
      },
    ],
    grid: panels.map(({ grid }) => ({ ...grid, outerBoundsMode: "none" as const })),
    xAxis: panels.map(
      ({ x }, gridIndex): XAXisComponentOption => ({
        ...{ type: "value", min: -RANGE, max: RANGE, interval: 2, gridIndex },
        ...(x !== undefined && { name: x, nameLocation: "middle", nameGap: 26, nameTextStyle: SMALL }),
        ...{ axisLabel: SMALL, splitLine: { show: false }, axisTick: { show: false } },
        axisLine: { onZero: false, lineStyle: { color: MUTED } },
      }),
    ),
    yAxis: panels.map(
      ({ y }, gridIndex): YAXisComponentOption => ({
        ...{ type: "value", gridIndex, nameLocation: "middle", nameGap: 34, nameTextStyle: SMALL },
        ...{
          axisLabel: SMALL,
          axisTick: { show: false },
          axisLine: { show: false },
          splitLine: { lineStyle: { color: FAINT } },
        },
        ...y,
      }),
    ),
    series: panels.flatMap(({ curve, expected, y }, i): SeriesOption[] => {
      const ofPanel = { xAxisIndex: i, yAxisIndex: i, silent: true, symbol: "none", type: "line" } as const;
      const within = (points: readonly Point[]) => cutToRange(points, y).map(([x, value]) => [x, value]);
      return [
        { ...ofPanel, color: BLUE, lineStyle: { width: 1.5 }, data: within(curve) },
        { ...ofPanel, color: VERMILION, lineStyle: { width: 1.5, type: "dashed" }, data: within(expected) },
      ];
    }),
  };
  const height = ROWS_TOP + (sums.length - 1) * SMALL_PLOT.pitch + SMALL_PLOT.height + 44;
  return renderChart(option, { width: WIDTH, height });
}

interface PanelParts {
  readonly title: string;
  readonly note: string;
  readonly grid: { left: number; top: number; width: number; height: number };
  readonly x?: string;
  readonly y: { min: number; max: number; interval?: number; name?: string };
  readonly curve: readonly Point[];
  readonly expected: readonly Point[];
  /** From the top of the title to the plot. */
  readonly inset: number;
}

/** With its ends brought down, for a density that begins with a jump. */
const closed = (curve: readonly Point[]): readonly Point[] => [
  [curve[0]![0], 0],
  ...curve,
  [curve.at(-1)![0], 0],
];

const normal: readonly Point[] = Array.from({ length: 161 }, (_, i) => {
  const x = -RANGE + i * (RANGE / 80);
  return [x, Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)];
});
