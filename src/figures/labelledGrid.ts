import { escapeMarkup } from "../base/textFormats.ts";
import type { ImageShape } from "../data/field.ts";
import { type Drawing, drawingOf } from "./charts/drawing.ts";
import { FONT_FAMILY, textWidth, wrapText } from "./charts/font.ts";
import { cssFont, INK, SMALL, TEXT, TITLE } from "./charts/panel.ts";
import { encodePng } from "./imageGrid.ts";

/** An image of its own size as bytes [H, W, C], grey or RGB, or what is written in its place. */
export type GridCell = { readonly bytes: Uint8Array; readonly shape: ImageShape } | { readonly text: string };

export interface LabelledGrid {
  readonly title: string;
  /** How to read it. */
  readonly subtitle: string;
  readonly columns: readonly string[];
  /** A cell for each column; a label may be empty. */
  readonly rows: readonly { readonly label: string; readonly cells: readonly GridCell[] }[];
  /** The size in pixels of the images that all are shown as large as. */
  readonly size: readonly [height: number, width: number];
}

// CSS pixels.
export const MARGIN = 24;
const GAP = 6;
export const LEAST_WIDTH = 460;
/** The longer side of a cell is about so long. */
export const SIDE = 64;
/** Words are broken into lines no longer than this. */
const TEXT_CELL = 88;

type Style = Parameters<typeof cssFont>[0] & { readonly color: string };

/**
 * Rows and columns of images under titles. Images are enlarged to one size, by whole pixels where that can be, and
 * never smoothed. Widths follow from the labels, so that nothing is clipped.
 */
export const labelledGrid = (grid: LabelledGrid): Drawing => drawingOf(labelledGridSvg(grid));

/** The same as text, for PNG. */
export function labelledGridSvg({ title, subtitle, columns, rows, size }: LabelledGrid): string {
  const [cellHeight, cellWidth] = cellSize(size);
  const widths = columns.map((name, c) => {
    const wide = rows
      .map(({ cells }) => cells[c]!)
      .map((cell) => ("text" in cell ? widthOf(cell.text, SMALL) : cellWidth));
    return Math.max(Math.min(Math.max(cellWidth, TEXT_CELL), Math.max(...wide)), widthOf(name, TEXT));
  });
  const labels = Math.max(...rows.map(({ label }) => widthOf(label, SMALL)));
  const gutter = labels > 0 ? labels + 10 : 0;
  const lefts = widths.map((_, c) => MARGIN + gutter + sum(widths.slice(0, c)) + c * GAP);
  const width = Math.max(LEAST_WIDTH, lefts.at(-1)! + widths.at(-1)! + MARGIN);

  const { parts, bottom } = heading(title, subtitle, width);
  let top = bottom;
  for (const [c, name] of columns.entries())
    parts.push(textAt(name, lefts[c]! + widths[c]! / 2, top + 10, { ...TEXT, color: INK }, "middle"));
  if (columns.some((name) => name !== "")) top += 22;
  for (const { label, cells } of rows) {
    const middle = top + cellHeight / 2;
    parts.push(textAt(label, MARGIN, middle, SMALL));
    for (const [c, cell] of cells.entries()) {
      const center = lefts[c]! + widths[c]! / 2;
      if ("text" in cell) parts.push(...textLines(cell.text, center, middle, widths[c]!, cellHeight));
      else parts.push(imageAt(cell, center, middle, cellHeight, cellWidth));
    }
    top += cellHeight + GAP;
  }
  return svgOf(width, top - GAP + MARGIN, parts);
}

/** Title and what is below it, broken to the width; `bottom` is where the rest may start. */
export function heading(title: string, subtitle: string, width: number): { parts: string[]; bottom: number } {
  const parts: string[] = [];
  let top = MARGIN - 6;
  for (const [text, style] of [[title, TITLE] as const, [subtitle, TEXT] as const]) {
    for (const line of text === "" ? [] : wrapText(text, cssFont(style), width - 2 * MARGIN)) {
      parts.push(textAt(line, MARGIN, top + style.lineHeight / 2, style));
      top += style.lineHeight;
    }
  }
  return { parts, bottom: top + 10 };
}

/** Elements on a white page. */
export const svgOf = (width: number, height: number, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
  `<rect width="${width}" height="${height}" fill="#fff"/>${parts.join("")}</svg>`;

/** In CSS pixels. */
export const widthOf = (text: string, style: Style) => Math.ceil(textWidth(text, cssFont(style)));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Whole CSS pixels for each pixel of a small image; a large one is made smaller. */
function cellSize([height, width]: LabelledGrid["size"]): [height: number, width: number] {
  const longer = Math.max(height, width);
  const scale = longer <= SIDE ? Math.floor(SIDE / longer) : (2 * SIDE) / Math.max(longer, 2 * SIDE);
  return [Math.ceil(height * scale), Math.ceil(width * scale)];
}

/** In the middle of its cell with square pixels, unless these would leave half of it empty: of a sinogram the axes differ anyway. */
function imageAt(
  { bytes, shape: [height, width, channels] }: Extract<GridCell, { bytes: Uint8Array }>,
  x: number,
  y: number,
  cellHeight: number,
  cellWidth: number,
): string {
  if (channels !== 1 && channels !== 3)
    throw new Error(`labelledGrid draws 1 or 3 channels, not ${channels}`);
  const scale = Math.min(cellHeight / height, cellWidth / width);
  const fills = 2 * scale * height < cellHeight || 2 * scale * width < cellWidth;
  const [h, w] = fills ? [cellHeight, cellWidth] : [scale * height, scale * width];
  const png = encodePng(Buffer.from(bytes), width, height, channels);
  return imageElement(png, { x: x - w / 2, y: y - h / 2, width: w, height: h });
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A PNG that fills a box, never smoothed. */
export const imageElement = (png: Buffer, { x, y, width, height }: Box): string =>
  `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none" ` +
  `image-rendering="optimizeSpeed" href="data:image/png;base64,${png.toString("base64")}"/>`;

/** As many lines as a cell has room for, the last of them an ellipsis if there are more. */
function textLines(text: string, x: number, y: number, width: number, height: number): string[] {
  const style = { ...SMALL, lineHeight: 14 };
  const most = Math.max(1, Math.floor(height / style.lineHeight));
  const all = wrapText(text, cssFont(style), width);
  const lines = all.length > most ? [...all.slice(0, most - 1), "…"] : all;
  const first = y - ((lines.length - 1) * style.lineHeight) / 2;
  return lines.map((line, i) =>
    textAt(line, x, first + i * style.lineHeight, { ...style, color: INK }, "middle"),
  );
}

/** One line of text, by its middle. */
export function textAt(text: string, x: number, middle: number, style: Style, anchor = "start"): string {
  const { fontSize, fontWeight, color } = style;
  return (
    `<text x="${x}" y="${middle + 0.36 * fontSize}" font-family="${FONT_FAMILY}" font-size="${fontSize}" ` +
    `font-weight="${fontWeight}" fill="${color}" text-anchor="${anchor}">${escapeMarkup(text)}</text>`
  );
}
