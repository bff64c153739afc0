import type { SeriesOption } from "echarts";
import { roundRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { textWidth } from "./font.ts";
import { formatTick } from "./formatNumber.ts";
import { CLASS_COLORS } from "./palette.ts";
import { cssFont, SMALL } from "./panel.ts";
import { BLUE, plotWidthOf, type SidePanel, sideBySide } from "./sideBySide.ts";

/** Posterior means in two coordinates, and what each dimension of z tells. */
export interface LatentsFigure {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly axes: readonly [x: string, y: string];
  /** How the coordinates were found. */
  readonly projection: string;
  /** The class of each point and what the classes are called; absent without classes. */
  readonly classes?: { readonly labels: ArrayLike<number>; readonly names: readonly string[] };
  /** A bar for each, those first that are largest. */
  readonly dimensions: { readonly name: string; readonly unit: string; readonly values: readonly Bar[] };
}

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly active: boolean;
}

// CSS pixels.
const HEIGHT = 600;

const IDLE = "#b8b8b8";
const LEGEND = { ...SMALL, fontWeight: "bold" } as const;

/** The scatter of the means, each class in its colour, beside bars of the dimensions. */
export function latentsChart(
  { points, axes, projection, classes, dimensions }: LatentsFigure,
  meta: { readonly title: string; readonly subtitle: string },
): Drawing {
  const axis = (i: 0 | 1) => {
    const values = points.map((point) => point[i]);
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const range = roundRange(low, high > low ? high : low + 1);
    return {
      type: "value" as const,
      min: range.min,
      max: range.max,
      interval: range.step,
      axisLabel: { ...SMALL, formatter: (value: number) => formatTick(value, range) },
      name: axes[i],
    };
  };
  return sideBySide(
    [
      {
        name: `E[z|x], ${projection}`,
        ...legendOf(classes),
        x: axis(0),
        y: axis(1),
        series: classes ? classSeries(points, classes) : [dots(points, BLUE)],
      },
      {
        name: dimensions.name,
        formula: "largest first; blue: active, grey: not",
        x: {
          type: "category",
          data: dimensions.values.map(({ name }) => name),
          name: "dimension of z",
          axisTick: { show: false },
        },
        y: { name: dimensions.unit },
        series: [
          {
            type: "bar",
            data: dimensions.values.map(({ value, active }) => ({
              value,
              itemStyle: { color: active ? BLUE : IDLE },
            })),
          },
        ],
      },
    ],
    { ...meta, height: HEIGHT },
  );
}

type Classes = NonNullable<LatentsFigure["classes"]>;

/** Whether a line above the plot has room for all classes in colours of their own. */
const fitsALine = ({ names }: Classes) =>
  names.length <= CLASS_COLORS.length &&
  textWidth(names.map((name) => `● ${name}`).join("  "), cssFont(LEGEND)) <= plotWidthOf(2);

/** The classes in their colours, or what tells them apart. */
function legendOf(classes: LatentsFigure["classes"]): Pick<SidePanel, "formula" | "rich"> {
  if (!classes) return { formula: "a dot for each image" };
  if (!fitsALine(classes)) return { formula: "a dot for each image; the name of a class is at its median" };
  const { names } = classes;
  return {
    formula: names.map((name, label) => `{c${label}|● ${name}}`).join("  "),
    rich: Object.fromEntries(
      names.map((_, label) => [`c${label}`, { ...LEGEND, color: CLASS_COLORS[label]! }]),
    ),
  };
}

const dots = (points: LatentsFigure["points"], color: string): SeriesOption => ({
  type: "scatter",
  symbolSize: points.length > 1000 ? 3.5 : 5,
  itemStyle: { color, opacity: 0.65 },
  silent: true,
  data: points.map(([x, y]) => [x, y]),
});

/** A series for each class; above them its name, where no line tells of the colours. */
function classSeries(points: LatentsFigure["points"], classes: Classes): SeriesOption[] {
  const { labels, names } = classes;
  const each = names.flatMap((name, label) => {
    const own = points.filter((_, i) => labels[i] === label);
    return own.length > 0 ? [{ name, own, color: CLASS_COLORS[label % CLASS_COLORS.length]! }] : [];
  });
  const series = each.map(({ own, color }) => dots(own, color));
  return fitsALine(classes) ? series : [...series, ...each.map(nameAtMedian)];
}

const nameAtMedian = ({ name, own, color }: Named): SeriesOption => ({
  type: "scatter",
  symbolSize: 0.1,
  silent: true,
  data: [[median(own.map(([x]) => x)), median(own.map(([, y]) => y))]],
  label: {
    show: true,
    position: "inside",
    formatter: name,
    ...{ fontFamily: SMALL.fontFamily, fontSize: 14, fontWeight: "bold" },
    ...{ color, textBorderColor: "#fff", textBorderWidth: 4 },
  },
});

interface Named {
  readonly name: string;
  readonly own: LatentsFigure["points"];
  readonly color: string;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
