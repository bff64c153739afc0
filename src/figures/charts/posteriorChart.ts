import type { SeriesOption } from "echarts";
import type { PairNormal, WeightPair } from "../../evaluation/weightPair.ts";
import { type AxisRange, cutToRange, roundRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { formatTick } from "./formatNumber.ts";
import { INK, SMALL } from "./panel.ts";
import { BLUE, sideBySide, VERMILION } from "./sideBySide.ts";

/** The bound on all rows as training went on, in nats. */
export interface RisingBound {
  readonly epochs: readonly (readonly [epoch: number, elbo: number])[];
  /** log p(D), and what the best independent weights reach. */
  readonly logEvidence: number;
  readonly bestMeanField: number;
}

/** Two weights by the exact posterior, by q and by the best mean field; and the bound below log p(D). */
export function posteriorChart(
  pair: WeightPair,
  bound: RisingBound,
  meta: { readonly title: string; readonly subtitle: string },
): Drawing {
  const ellipses = [
    { of: pair.exact, color: INK, type: "solid" as const },
    { of: pair.meanField, color: VERMILION, type: "dashed" as const },
    { of: pair.q, color: BLUE, type: "solid" as const },
  ];
  const axis = (i: 0 | 1) => {
    const reach = ellipses.flatMap(({ of }) => [-2, 2].map((k) => of.mean[i] + k * deviationOf(of, i)));
    return { ...ticksOf(roundRange(Math.min(...reach), Math.max(...reach))), name: pair.names[i] };
  };
  return sideBySide(
    [
      {
        name: "The two most correlated weights, 1σ and 2σ",
        formula: "black: exact posterior; blue: q; dashed: the best mean field",
        x: axis(0),
        y: axis(1),
        series: ellipses.flatMap(({ of, color, type }) =>
          [1, 2].map((k) => line(ellipse(of, k), { color, type, width: k === 1 ? 2 : 1 })),
        ),
      },
      boundPanel(bound),
    ],
    meta,
  );
}

const ticksOf = (range: AxisRange) => ({
  type: "value" as const,
  min: range.min,
  max: range.max,
  interval: range.step,
  axisLabel: { ...SMALL, formatter: (value: number) => formatTick(value, range) },
});

const deviationOf = ({ covariance }: PairNormal, i: 0 | 1) => Math.sqrt(covariance[i === 0 ? 0 : 2]);

const CORNERS = 96;

/** The points m + k L (cos t, sin t) with the Cholesky factor L. */
function ellipse({ mean, covariance: [aa, ab, bb] }: PairNormal, k: number): [number, number][] {
  const l11 = Math.sqrt(aa);
  const l21 = ab / l11;
  const l22 = Math.sqrt(Math.max(0, bb - l21 ** 2));
  return Array.from({ length: CORNERS + 1 }, (_, i) => {
    const [cos, sin] = [Math.cos((2 * Math.PI * i) / CORNERS), Math.sin((2 * Math.PI * i) / CORNERS)];
    return [mean[0] + k * l11 * cos, mean[1] + k * (l21 * cos + l22 * sin)];
  });
}

/** Nats that fill the axis where the bound has all but arrived. */
const LEAST = 0.1;

/** The first epochs may be far below: the axis is that of the later ones. */
function boundPanel({ epochs, logEvidence, bestMeanField }: RisingBound) {
  const later = epochs.slice(Math.floor(epochs.length / 5)).map(([, elbo]) => elbo);
  const high = Math.max(logEvidence, ...later);
  const range = roundRange(Math.min(bestMeanField, high - LEAST, ...later), high);
  const [first, last] = [epochs[0]?.[0] ?? 0, epochs.at(-1)?.[0] ?? 1];
  const level = (value: number, color: string) =>
    line(
      [
        [first, value],
        [last, value],
      ],
      { color, type: "dashed", width: 1.5 },
    );
  return {
    name: "The bound rises towards log p(D)",
    formula: "blue: ELBO by the draws of training; dashed: log p(D), best mean field",
    x: { type: "value" as const, min: first, max: Math.max(last, first + 1), name: "epoch" },
    y: { ...ticksOf(range), name: "nats" },
    series: [
      level(logEvidence, INK),
      level(bestMeanField, VERMILION),
      line(cutToRange(epochs, range), { color: BLUE, type: "solid", width: 2 }),
    ],
  };
}

const line = (
  data: readonly (readonly [number, number])[],
  { color, type, width }: { color: string; type: "solid" | "dashed"; width: number },
): SeriesOption => ({
  type: "line",
  symbol: "none",
  color,
  lineStyle: { color, type, width },
  data: data.map(([x, y]) => [x, y]),
});
