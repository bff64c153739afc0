import { ahead } from "../../base/ahead.ts";
import { type AxisRange, type Point, readableRange } from "./axisRange.ts";
import type { Drawing } from "./drawing.ts";
import { formatValue } from "./formatNumber.ts";
import type { Curve, Panel } from "./panel.ts";
import { panelFigure } from "./panelFigure.ts";
import { renderChart } from "./renderChart.ts";

/** One split after one epoch, in nats per image. A value that is not finite leaves a gap in its curve. */
export interface CurveRow {
  readonly epoch: number;
  readonly split: "train" | "validation";
  readonly loss: number;
  /** The objective's quantities by name. */
  readonly [quantity: string]: unknown;
}

/** A quantity as a panel shows it. */
export interface CurveQuantity {
  /** Its key in the rows. */
  readonly name: string;
  readonly title: string;
  /** `{sub|q}` in it is a subscript, see `Panel`. */
  readonly formula: string;
  readonly unit: string;
  /** What is drawn is this times what the rows have; 1 if it is absent. */
  readonly sign?: -1;
}

export interface LossChartMeta {
  title: string;
  subtitle?: string;
  /** What changes over the run and what it is, such as `β = 0 → 1 over 10 epochs`. */
  controls?: string;
  /** The loss, then its parts. */
  quantities: readonly CurveQuantity[];
}

/** The same, drawn on another thread. */
export async function lossChartAside(rows: readonly CurveRow[], meta: LossChartMeta): Promise<Drawing> {
  const charts = ahead(import.meta.url, lossCharts, { rows, meta });
  const { value } = await charts.next();
  await charts.return();
  const png = Buffer.from(value!.png.buffer);
  return { svg: value!.svg, png: async () => png };
}

export async function* lossCharts({ rows, meta }: { rows: readonly CurveRow[]; meta: LossChartMeta }) {
  const { svg, png } = lossChart(rows, meta);
  yield { svg, png: new Uint8Array(await png()) };
}

// Blue and vermilion of Okabe and Ito, told apart with any colour vision; the markers tell them apart in grey print.
const SPLITS: ({ name: CurveRow["split"] } & Omit<Curve, "points">)[] = [
  { name: "train", color: "#0072B2", symbol: "circle", glyph: "●" },
  { name: "validation", color: "#D55E00", symbol: "diamond", glyph: "◆" },
];

/** The loss and its parts over the epochs, validation beside training: a panel for each. */
export function lossChart(rows: readonly CurveRow[], meta: LossChartMeta): Drawing {
  const splits = SPLITS.filter(({ name }) => rows.some((row) => row.split === name));
  const panels = meta.quantities.map(({ name, title, formula, unit, sign = 1 }): Panel => {
    const toValue = (row: CurveRow) => sign * (row[name] as number);
    const curves = splits.map((split) => ({ ...split, points: curvePoints(rows, split.name, toValue) }));
    const points = curves.flatMap((curve) => curve.points.filter(([, value]) => !Number.isNaN(value)));
    const range = readableRange(points.map(([, value]) => value));
    return {
      name: title,
      formula,
      unit,
      curves,
      range,
      note: points.length > 0 ? cutNote(points, range) : "no finite value yet",
    };
  });
  const subtitle = [meta.subtitle, meta.controls]
    .filter((part) => part !== undefined && part !== "")
    .join("  ·  ");
  const { option, size } = panelFigure({ title: meta.title, subtitle, panels });
  return renderChart(option, size);
}

/** One curve in the order of its epochs. An epoch written twice (by a resumed run) counts as last written. */
function curvePoints(
  rows: readonly CurveRow[],
  split: CurveRow["split"],
  toValue: (row: CurveRow) => number,
): Point[] {
  const byEpoch = new Map<number, number>();
  for (const row of rows) if (row.split === split) byEpoch.set(row.epoch, toValue(row));
  const ordered = [...byEpoch].sort(([a], [b]) => a - b);
  return ordered.map(([epoch, value]) => [epoch, Number.isFinite(value) ? value : Number.NaN]);
}

/** Says what an axis leaves out, so that a cut curve is never taken for the whole. */
function cutNote(points: readonly Point[], { min, max }: AxisRange): string | undefined {
  const above = points.filter(([, value]) => value > max);
  const below = points.filter(([, value]) => value < min);
  const say = (outside: Point[], words: string, extreme: (...values: number[]) => number) => {
    if (outside.length === 0) return [];
    const epochs = new Set(outside.map(([epoch]) => epoch));
    const which = epochs.size === 1 ? `epoch ${outside[0]![0]}` : `${epochs.size} epochs`;
    return [`${which} ${words} ${formatValue(extreme(...outside.map(([, value]) => value)))}`];
  };
  const notes = [
    ...say(above, "above the axis, up to", Math.max),
    ...say(below, "below it, down to", Math.min),
  ];
  return notes.length === 0 ? undefined : notes.join("\n");
}
