import type { EChartsOption } from "echarts";
import { niceRange, type Point, readableRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { textWidth } from "./font.ts";
import { formatTick, formatValue, widestTick } from "./formatNumber.ts";
import { cssFont, INK, MUTED, SMALL } from "./panel.ts";
import { type Box, overlaps, type PlacedLabel, placeLabels } from "./placeLabels.ts";
import { headingOf, MARGIN, type Plot, place, plotOption } from "./plot.ts";
import { renderChart } from "./renderChart.ts";

/** A run, or the mean of several. */
export interface RateDistortionPoint {
  readonly label: string;
  /** Nats per image. */
  readonly rate: number;
  readonly distortion: number;
  /** Standard errors. */
  readonly rateError?: number | undefined;
  readonly distortionError?: number | undefined;
  /** The weight of the rate that it was trained with, where it was. */
  readonly beta?: number | undefined;
  readonly isDominated: boolean;
}

// CSS pixels.
const WIDTH = 900;
const PLOT_HEIGHT = 520;
const X_AXIS = 58;
/** At the right of the plot, for the names of isolines. */
const RIGHT = 56;
/** Above it, likewise. */
const ABOVE = 24;
/** Half of a line of slope −β. */
const HALF_SLOPE = 30;
/** A label that is no farther from its point needs no line to it. */
const BESIDE = 14;
/** With more points only those that are not dominated have a name and a slope. */
const MANY = 30;
const BLUE = "#0072B2";
const VERMILION = "#D55E00";
const GREY = "#8a8a8a";

/**
 * Distortion over rate, in nats per image. Training with weight β ends where the curve of what can be reached has slope −β,
 * which a line through each point shows; lines of slope −1 have the same −ELBO. A run is dominated where another has no more
 * of both and less of one.
 */
export function rateDistortionChart(
  points: readonly RateDistortionPoint[],
  meta: { title: string; subtitle: string },
): Drawing {
  const x = withRoom(points.map(({ rate }) => rate));
  const y = withRoom(points.map(({ distortion }) => distortion));
  const isInside = ({ rate, distortion }: RateDistortionPoint) =>
    rate >= x.min && rate <= x.max && distortion >= y.min && distortion <= y.max;
  const inside = points.filter(isInside);
  const outside = points.filter((point) => !isInside(point));
  const font = cssFont(SMALL);
  const left = MARGIN + widestTick(y, font) + 34;
  const notes = outside.length > 0 ? [outsideText(outside)] : [];
  const { titles, bottom } = headingOf(meta.title, [meta.subtitle, explained(points), ...notes], WIDTH);
  const area = {
    left,
    top: bottom + ABOVE + 6,
    width: WIDTH - left - RIGHT - MARGIN,
    height: PLOT_HEIGHT,
  };
  const plot = { area, x, y };
  const marks = inside.map((point) => ({ point, at: place(plot, [point.rate, point.distortion]) }));
  const dots = marks.map(({ at: [x, y] }) => ({ left: x - 5, top: y - 5, width: 10, height: 10 }));
  const lines = isolines(plot, dots);
  const isCrowded = inside.length > MANY;
  const told = isCrowded ? marks.filter(({ point }) => !point.isDominated) : marks;
  const slopes = told.flatMap(({ point }) => slope(point, plot) ?? []);
  const labels = placeLabels(
    told.map(({ point, at: [x, y] }) => ({ x, y, text: point.label })),
    area,
    [...lines.taken, ...slopes.flatMap(({ boxes }) => boxes)],
    { font, lineHeight: 15, isCrowded },
  );
  const option: EChartsOption = {
    title: titles,
    ...plotOption(plot, {
      x: "rate, nats per image",
      y: "distortion, nats per image",
      yGap: widestTick(y, font) + 16,
    }),
    graphic: [
      ...lines.drawn,
      ...marks.flatMap(({ point }) => errorBars(point, plot)),
      ...slopes.map(({ ends: [from, to] }) => line(from, to, { stroke: VERMILION, lineWidth: 1.5 }, 3)),
      ...labels.flatMap((label) => leader(label)),
      ...labels.map(({ text, box }) => ({
        type: "text" as const,
        z: 5,
        x: box.left,
        y: box.top + 2,
        style: { text, font, fill: INK },
      })),
    ],
    series: [
      scatter(
        inside.filter(({ isDominated }) => isDominated),
        { color: "#fff", borderColor: GREY, borderWidth: 2 },
      ),
      scatter(
        inside.filter(({ isDominated }) => !isDominated),
        { color: BLUE },
      ),
    ],
  };
  return renderChart(option, { width: WIDTH, height: area.top + PLOT_HEIGHT + X_AXIS });
}

function explained(points: readonly RateDistortionPoint[]): string {
  const dominated = points.filter(({ isDominated }) => isDominated).length;
  return [
    "dashed: equal −ELBO (β = 1)",
    ...(points.some(({ beta }) => beta !== undefined) ? ["orange: slope −β"] : []),
    ...(dominated > 0 ? [`hollow: dominated, ${dominated} of ${points.length}`] : []),
  ].join("  ·  ");
}

const MOST_TOLD = 6;

function outsideText(points: readonly RateDistortionPoint[]): string {
  const told = points
    .slice(0, MOST_TOLD)
    .map(({ label, rate, distortion }) => `${label} (${formatValue(rate)}, ${formatValue(distortion)})`);
  const more = points.length > MOST_TOLD ? [`and ${points.length - MOST_TOLD} more`] : [];
  return `outside of the axes: ${[...told, ...more].join("; ")}`;
}

/** Points on the very edge would be cut. */
function withRoom(values: readonly number[]) {
  const { min, max } = readableRange(values);
  const kept = values.filter((value) => value >= min && value <= max);
  const [low, high] = [Math.min(...kept), Math.max(...kept)];
  const room = 0.08 * (high - low || 1);
  return niceRange(low >= 0 ? Math.max(0, low - room) : low - room, high + room, 6);
}

const scatter = (points: readonly RateDistortionPoint[], itemStyle: object) => ({
  type: "scatter" as const,
  silent: true,
  z: 4,
  symbolSize: points.length > 100 ? 6 : 10,
  itemStyle,
  data: points.map(({ rate, distortion }) => [rate, distortion]),
});

const line = (from: readonly [number, number], to: readonly [number, number], style: object, z: number) => ({
  type: "line" as const,
  z,
  silent: true,
  shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
  style: { fill: null, ...style },
});

/** distortion = c − rate for round c, each with its c where it leaves the plot, if there is room for it. */
function isolines(plot: Plot, dots: readonly Box[]) {
  const { x, y, area } = plot;
  const range = niceRange(x.min + y.min, x.max + y.max, 8);
  const font = cssFont(SMALL);
  const taken = [...dots];
  const drawn = [];
  for (let c = range.min; c <= range.max + range.step / 2; c += range.step) {
    const [from, to] = [Math.max(x.min, c - y.max), Math.min(x.max, c - y.min)];
    if (from >= to) continue;
    const [start, end] = [place(plot, [from, c - from]), place(plot, [to, c - to])];
    drawn.push(line(start, end, { stroke: "#b5b5b5", lineWidth: 1, lineDash: [4, 4] }, 1));
    const text = formatTick(c, range);
    const width = textWidth(text, font);
    const size = { width: width + 6, height: 15 };
    const box =
      start[1] < area.top + 0.5
        ? { left: start[0] - width / 2, top: area.top - 18, ...size }
        : end[0] > area.left + area.width - 0.5
          ? { left: end[0] + 6, top: end[1] - 7, ...size }
          : { left: end[0] + 3, top: end[1] - 17, ...size };
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    drawn.push({
      type: "text" as const,
      z: 5,
      x: box.left,
      y: box.top + 2,
      style: { text, font, fill: MUTED },
    });
  }
  return { drawn, taken };
}

/** From a point to a label that is not right beside it, so that it is clear whose that is. */
function leader({ x, y, box }: PlacedLabel) {
  const nearest = (value: number, from: number, length: number) =>
    Math.min(Math.max(value, from), from + length);
  const end = [nearest(x, box.left, box.width), nearest(y, box.top, box.height)] as const;
  const length = Math.hypot(end[0] - x, end[1] - y);
  return length < BESIDE ? [] : [line([x, y], end, { stroke: GREY, lineWidth: 0.75 }, 2)];
}

/** Through the point, of a fixed length on the page; and what it covers there. */
function slope({ rate, distortion, beta }: RateDistortionPoint, plot: Plot) {
  if (beta === undefined) return undefined;
  const { x, y, area } = plot;
  const nats = HALF_SLOPE / Math.hypot(area.width / (x.max - x.min), (beta * area.height) / (y.max - y.min));
  const at = (side: -1 | 1): Point => {
    const room = side > 0 ? x.max - rate : rate - x.min;
    const below = side > 0 ? distortion - y.min : y.max - distortion;
    const length = side * Math.min(nats, room, beta > 0 ? below / beta : Number.POSITIVE_INFINITY);
    return [rate + length, distortion - beta * length];
  };
  const ends = [place(plot, at(-1)), place(plot, at(1))] as const;
  const [[x1, y1], [x2, y2]] = ends;
  const boxes = Array.from({ length: 13 }, (_, i) => ({
    left: x1 + ((x2 - x1) * i) / 12 - 2,
    top: y1 + ((y2 - y1) * i) / 12 - 2,
    width: 4,
    height: 4,
  }));
  return { ends, boxes };
}

/** As far as the axes go. */
function errorBars({ rate, distortion, rateError, distortionError }: RateDistortionPoint, plot: Plot) {
  const { x, y } = plot;
  const style = { stroke: BLUE, lineWidth: 1 };
  const within = (value: number, { min, max }: { min: number; max: number }) =>
    Math.min(max, Math.max(min, value));
  const bar = (from: Point, to: Point) => line(place(plot, from), place(plot, to), style, 3);
  return [
    ...(rateError === undefined
      ? []
      : [bar([within(rate - rateError, x), distortion], [within(rate + rateError, x), distortion])]),
    ...(distortionError === undefined
      ? []
      : [
          bar(
            [rate, within(distortion - distortionError, y)],
            [rate, within(distortion + distortionError, y)],
          ),
        ]),
  ];
}
