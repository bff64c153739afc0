import type { NoiseScales } from "../pageData.ts";
import { freshId, svg } from "./element.ts";
import { fixed, significant } from "./numbers.ts";

// Of the drawing, in its own units.
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [560, 260, 64, 40, 12];

/** The place among the scales at which the curves have their names. */
const LABELS = 39;

/** 1, 2 and 5 times powers of ten between two numbers above 0. */
function roundScales(low: number, high: number): number[] {
  const from = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, i) => from + i);
  return powers
    .flatMap((k) => [1, 2, 5].map((digit) => digit * 10 ** k))
    .filter((v) => v >= low && v <= high);
}

/** About four multiples of a round step between two numbers. */
function roundLevels(low: number, high: number): number[] {
  const step = roundScales((high - low) / 10, high - low).find((step) => (high - low) / step < 6)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** −ELBO and distortion over the scale, and a line where the slider is. */
export function noiseChart(
  { scales, distortion, own, symbol, isFactor }: NoiseScales,
  totals: readonly number[],
  best: number,
) {
  const least = Math.min(...distortion, ...totals);
  const most = Math.max(totals[own]!, totals.at(-1)!);
  // What a scale far too small costs would leave no room for the rest.
  const [low, high] = [least - 0.08 * (most - least), most + 0.15 * (most - least)];
  const x = (i: number) => LEFT + ((WIDTH - LEFT - 8) * i) / (scales.length - 1);
  const y = (value: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const clip = freshId("clip");
  const curve = (values: readonly number[], name: string) =>
    svg("polyline", { class: name, points: values.map((value, i) => `${x(i)},${y(value)}`).join(" ") });
  const [narrow, wide] = [scales[0]!, scales.at(-1)!];
  const atScale = (scale: number) =>
    x(((scales.length - 1) * Math.log(scale / narrow)) / Math.log(wide / narrow));
  const levels = roundLevels(low, high);
  const now = svg("line", { class: "now", y1: TOP, y2: HEIGHT - BOTTOM });
  const drawing = svg(
    "svg",
    {
      ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart" },
      "aria-label": `−ELBO and distortion by the scale of the noise; the least −ELBO is at ${significant(scales[best]!)}`,
    },
    svg(
      "clipPath",
      { id: clip },
      svg("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT, height: HEIGHT - TOP - BOTTOM }),
    ),
    ...levels.flatMap((level) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 8, y1: y(level), y2: y(level) }),
      svg("text", { x: LEFT - 8, y: y(level) + 4, "text-anchor": "end" }, fixed(level, 0)),
    ]),
    svg("line", { class: "axis", x1: LEFT, x2: WIDTH - 8, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    ...roundScales(narrow, wide).map((scale) =>
      svg(
        "text",
        { x: atScale(scale), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" },
        significant(scale),
      ),
    ),
    svg(
      "text",
      { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" },
      isFactor ? `times ${symbol}(z)` : symbol,
    ),
    svg("g", { "clip-path": `url(#${clip})` }, curve(distortion, "distortion"), curve(totals, "total")),
    now,
    svg("circle", { class: "own", cx: x(own), cy: y(totals[own]!), r: 4 }),
    svg(
      "text",
      { class: "total", x: x(LABELS), y: y(totals[LABELS]!) - 10, "text-anchor": "end" },
      "−ELBO, nats",
    ),
    svg("text", { class: "distortion", x: x(LABELS) + 8, y: y(distortion[LABELS]!) + 18 }, "distortion"),
  );
  const moveTo = (i: number) => {
    for (const name of ["x1", "x2"]) now.setAttribute(name, String(x(i)));
  };
  return { drawing, moveTo };
}
