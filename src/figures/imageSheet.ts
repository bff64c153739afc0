import type { ImageShape } from "../data/field.ts";
import { type Drawing, drawingOf } from "./charts/drawing.ts";
import { SMALL } from "./charts/panel.ts";
import { imageGrid } from "./imageGrid.ts";
import { heading, imageElement, LEAST_WIDTH, MARGIN, SIDE, svgOf, textAt, widthOf } from "./labelledGrid.ts";

/** Images of one size beside each other. */
export interface SheetRow {
  readonly label: string;
  /** Bytes [count, H, W, C], grey or RGB. */
  readonly images: Uint8Array;
  /** Whether it belongs to the row above it. */
  readonly joined?: boolean;
}

export interface ImageSheet {
  readonly title: string;
  /** How to read it. */
  readonly subtitle: string;
  readonly rows: readonly SheetRow[];
  /** Most images of a row. */
  readonly columns: number;
  readonly shape: ImageShape;
}

const WHITE = 255;
// CSS pixels.
const GAP = 4;
const BETWEEN_GROUPS = 14;
/** With more columns an image is as small as it is, so that the sheet stays a picture. */
const MANY_COLUMNS = 32;

/** Rows of images under a title, enlarged by whole pixels and never smoothed; groups of rows stand apart. */
export function imageSheet({ title, subtitle, rows, columns, shape }: ImageSheet): Drawing {
  const [height, width] = shape;
  const longer = Math.max(height, width);
  const isLarge = columns > MANY_COLUMNS;
  const scale = longer > SIDE ? Math.min(1, (2 * SIDE) / longer) : isLarge ? 1 : Math.floor(SIDE / longer);
  const gap = Math.max(1, Math.round(GAP / scale)); // pixels of an image
  const between = Math.max(BETWEEN_GROUPS, 2 * scale * gap);
  const hasGroups = rows.some(({ joined }) => joined);
  const gutter = Math.max(...rows.map(({ label }) => widthOf(label, SMALL))) + 10;
  const across = scale * (columns * (width + gap) - gap);
  const total = Math.ceil(Math.max(LEAST_WIDTH, MARGIN + gutter + across + MARGIN));
  const { parts, bottom } = heading(title, subtitle, total);
  let top = bottom;
  for (const [i, { label, images, joined }] of rows.entries()) {
    if (i > 0) top += hasGroups && !joined ? between : scale * gap;
    const strip = imageGrid(images, shape, { columns, padding: gap, level: WHITE, frame: false });
    parts.push(
      textAt(label, MARGIN, top + (scale * height) / 2, SMALL),
      imageElement(strip.png, {
        x: MARGIN + gutter,
        y: top,
        width: scale * strip.width,
        height: scale * strip.height,
      }),
    );
    top += scale * height;
  }
  return drawingOf(svgOf(total, Math.ceil(top + MARGIN), parts), isLarge ? 1 : 2);
}
