import { imageShapeOf } from "../data/field.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
import type { Vae } from "../model/vae.ts";
import type { Drawing } from "./charts/drawing.ts";
import { formatValue } from "./charts/formatNumber.ts";
import { imageCells, tonesFor } from "./conditionalGrid.ts";
import { type GridCell, labelledGrid } from "./labelledGrid.ts";

/** Columns of a picture of images that stand for themselves. */
const COLUMNS = 10;

/** Decoded images in rows of ten, each row with the numbers of its images. */
export function decodedFigure(
  model: Vae,
  images: Float32Array,
  { title, pixels, count }: { readonly title: string; readonly pixels: PixelMode; readonly count: number },
): Drawing {
  const cells = cellsOf(model, images);
  const columns = Math.min(COLUMNS, cells.length);
  const rows = Array.from({ length: Math.ceil(cells.length / columns) }, (_, row) => {
    const ofRow = cells.slice(row * columns, (row + 1) * columns);
    const first = row * columns;
    return {
      label: ofRow.length === 1 ? `${first}` : `${first}–${first + ofRow.length - 1}`,
      cells: Array.from({ length: columns }, (_, c) => ofRow[c] ?? { text: "" }),
    };
  });
  const shown =
    cells.length < count ? `the first ${cells.length} of ${count} z` : `${count} z, in their order`;
  return gridOf(model, {
    title,
    subtitle: `${nameOf(model, pixels)} of ${shown}`,
    columns: Array.from({ length: columns }, () => ""),
    rows,
  });
}

/** What is shown of p(x|z). */
const nameOf = ({ given }: Vae, pixels: PixelMode) => {
  const z = given ? "z, y" : "z";
  return pixels === "mean" ? `E[x|${z}]` : `x ~ p(x|${z}), with noise,`;
};

const gridOf = (model: Vae, grid: Omit<Parameters<typeof labelledGrid>[0], "size">): Drawing => {
  const [height, width] = imageShapeOf(model.target);
  return labelledGrid({ ...grid, size: [height, width] });
};

const cellsOf = ({ target }: Vae, images: Float32Array): GridCell[] =>
  imageCells(images, imageShapeOf(target), tonesFor(target, [images]));

/** A row from one image to another, both [D]. */
export interface PathRow {
  /** What it goes along. */
  readonly label: string;
  readonly from: Float32Array;
  readonly to: Float32Array;
  /** E[x|z] on the way, [steps, D]. */
  readonly images: Float32Array;
}

/** Rows from one image to another: the first, E[x|z] at each t, the second. */
export function interpolationFigure(
  model: Vae,
  rows: readonly PathRow[],
  {
    title,
    subtitle,
    ts,
  }: { readonly title: string; readonly subtitle: string; readonly ts: readonly number[] },
): Drawing {
  return gridOf(model, {
    title,
    subtitle,
    columns: ["image", ...ts.map((t) => (t === 0 ? "t = 0" : formatShort(t))), "image"],
    rows: rows.map(({ label, from, to, images }) => ({
      label,
      cells: [...cellsOf(model, from), ...cellsOf(model, images), ...cellsOf(model, to)],
    })),
  });
}

/** As many digits as tell steps apart. */
const formatShort = (value: number) => `${Number(value.toFixed(2))}`.replace("-", "−");

/** Rows of E[x|z], each along one dimension of z, and above them the image that z is of. */
export function traversalFigure(
  model: Vae,
  rows: readonly { readonly label: string; readonly images: Float32Array }[],
  {
    title,
    subtitle,
    steps,
    example,
  }: {
    readonly title: string;
    readonly subtitle: string;
    /** In standard deviations. */
    readonly steps: readonly number[];
    /** x and its E[x|z], beside the first row. */
    readonly example?: readonly [x: Float32Array, reconstruction: Float32Array] | undefined;
  },
): Drawing {
  const empty: GridCell = { text: "" };
  return gridOf(model, {
    title,
    subtitle,
    columns: [
      ...(example ? ["image", nameOf(model, "mean")] : []),
      ...steps.map((step) => `${signed(step)}σ`),
    ],
    rows: rows.map(({ label, images }, row) => ({
      label,
      cells: [
        ...(example ? example.flatMap((x) => (row === 0 ? cellsOf(model, x) : [empty])) : []),
        ...cellsOf(model, images),
      ],
    })),
  });
}

const signed = (value: number) => `${value > 0 ? "+" : ""}${formatShort(value)}`;

/** E[x|z] over two dimensions of z, row by row, [rows · columns, D]; the second axis rises upwards. */
export function manifoldFigure(
  model: Vae,
  images: Float32Array,
  {
    title,
    subtitle,
    across,
    up,
  }: {
    readonly title: string;
    readonly subtitle: string;
    /** The values of z in each column, and in each row from the uppermost on. */
    readonly across: readonly number[];
    readonly up: readonly number[];
  },
): Drawing {
  const cells = cellsOf(model, images);
  return gridOf(model, {
    title,
    subtitle,
    columns: across.map(formatValue),
    rows: up.map((value, row) => ({
      label: formatValue(value),
      cells: cells.slice(row * across.length, (row + 1) * across.length),
    })),
  });
}
