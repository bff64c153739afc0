import { type Field, fieldSize, type ImageShape, imageShapeOf } from "../data/field.ts";
import type { Conditionals, GivenExamples } from "../evaluation/conditionals.ts";
import type { Model } from "../model/model.ts";
import { type GridCell, labelledGrid } from "./charts/labelledGrid.ts";

/** Where a mask hides the image. */
const HIDDEN = [96, 110, 140];

export interface ConditionalGrid {
  readonly title: string;
  readonly subtitle?: string;
  /** The name of each example. */
  readonly labels: readonly string[];
  /** Also shows the deviation of x given y. */
  readonly withDeviation?: boolean;
}

/** A row for each example: y, the truth where it is known, the mean of p(x|y) and draws, as a PNG. */
export function conditionalGrid(
  { given, target }: Model,
  { x, y }: GivenExamples,
  { mean, deviation, draws }: Conditionals,
  { labels, withDeviation = false, ...words }: ConditionalGrid,
): Promise<Buffer> {
  const shape = imageShapeOf(target);
  const D = fieldSize(target);
  const image = (values: Float32Array, i: number): GridCell => ({
    bytes: bytesOf(values.subarray(i * D, (i + 1) * D)),
    shape,
  });
  const largest = deviation.reduce((most, value) => Math.max(most, value), 0) || 1;
  const isClass = given!.kind === "class";
  const cellsOfY = isClass ? [] : cellsOf(given!, y, labels.length);
  return labelledGrid({
    ...words,
    columns: [
      ...(isClass ? [] : ["y"]),
      ...(x ? ["truth"] : []),
      "mean",
      ...(withDeviation ? ["deviation"] : []),
      ...draws.map((_, i) => (i === 0 ? "draws" : "")),
    ],
    rows: labels.map((label, i) => ({
      label,
      cells: [
        ...(isClass ? [] : [cellsOfY[i]!]),
        ...(x ? [image(x, i)] : []),
        image(mean, i),
        ...(withDeviation
          ? [
              image(
                deviation.map((d) => d / largest),
                i,
              ),
            ]
          : []),
        ...draws.map((drawn) => image(drawn, i)),
      ],
    })),
  });
}

const bytesOf = (values: ArrayLike<number>, low = 0, high = 1) =>
  Uint8Array.from(values, (v) => Math.round(255 * Math.min(1, Math.max(0, (v - low) / (high - low)))));

/** y of each example: an image of 1 or 3 channels, one with a mask behind it, or a word where it is none. */
function cellsOf({ shape, show }: Field, y: Float32Array, count: number): GridCell[] {
  const M = y.length / count;
  const one = (i: number) => y.subarray(i * M, (i + 1) * M);
  if (show !== "image") return Array.from({ length: count }, (_, i) => ({ text: wordsOf(one(i)) }));
  const [H, W, C] = shape as unknown as ImageShape;
  if (C === 2 || C === 4) {
    return Array.from({ length: count }, (_, i) => ({ bytes: withHole(one(i), C - 1), shape: [H, W, 3] }));
  }
  // Projections are sums over pixels; what is an image, or one with noise, is shown as one.
  const largest = y.reduce((most, value) => Math.max(most, value), 0);
  const high = largest > 3 ? largest : 1;
  return Array.from({ length: count }, (_, i) => ({ bytes: bytesOf(one(i), 0, high), shape: [H, W, C] }));
}

/** The visible pixels [H·W, C + 1] as RGB. */
function withHole(y: Float32Array, C: number): Uint8Array {
  const pixels = y.length / (C + 1);
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    const isVisible = y[i * (C + 1) + C] === 1;
    for (let c = 0; c < 3; c++) {
      rgb[3 * i + c] = isVisible ? bytesOf([y[i * (C + 1) + (C === 1 ? 0 : c)]!])[0]! : HIDDEN[c]!;
    }
  }
  return rgb;
}

const wordsOf = (values: Float32Array) =>
  `${Array.from(values.subarray(0, 3), (v) => String(Number(v.toPrecision(2)))).join(" ")}${values.length > 3 ? " …" : ""}`;
