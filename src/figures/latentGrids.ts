import { imageShapeOf } from "../data/field.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
import type { Vae } from "../model/vae.ts";
import { imageCells, tonesFor } from "./conditionalGrid.ts";
import { type GridCell, labelledGrid } from "./labelledGrid.ts";

/** Columns of a picture of images that stand for themselves. */
const COLUMNS = 10;

/** Decoded images in rows of ten, each row with the numbers of its images, as PNG. */
export function decodedPng(
  model: Vae,
  images: Float32Array,
  { title, pixels, count }: { readonly title: string; readonly pixels: PixelMode; readonly count: number },
): Promise<Buffer> {
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

const gridOf = (model: Vae, grid: Omit<Parameters<typeof labelledGrid>[0], "size">): Promise<Buffer> => {
  const [height, width] = imageShapeOf(model.target);
  return labelledGrid({ ...grid, size: [height, width] });
};

const cellsOf = ({ target }: Vae, images: Float32Array): GridCell[] =>
  imageCells(images, imageShapeOf(target), tonesFor(target, [images]));
