import type { ImageShape } from "../../data/field.ts";
import { imageGrid } from "../imageGrid.ts";
import { textWidth, wrapText } from "./font.ts";
import { cssFont, INK, MUTED, SMALL, TEXT, TITLE } from "./panel.ts";
import { renderChart } from "./renderChart.ts";

/** An image as bytes [H, W, C], or a word in its place. */
export type GridCell = { readonly bytes: Uint8Array; readonly shape: ImageShape } | { readonly text: string };

export interface LabelledGrid {
  readonly title: string;
  /** Below the title, of one line or more. */
  readonly subtitle?: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly GridCell[] }[];
}

// CSS pixels.
const MARGIN = 20;
const CELL = 68;
const GAP = 6;
/** Of an image that is wider than high, such as a sinogram, no more than this times its height. */
const MOST_ASPECT = 2.5;
const NARROWEST = 420;

/** Pictures in rows and columns with their names, each image as high as the others, as a PNG. */
export function labelledGrid({ title, subtitle = "", columns, rows }: LabelledGrid): Promise<Buffer> {
  const labels = Math.max(0, ...rows.map(({ label }) => textWidth(label, cssFont(SMALL))));
  const left = MARGIN + (labels > 0 ? labels + 12 : 0);
  const widths = columns.map((name, i) =>
    Math.max(textWidth(name, cssFont(TEXT)) + 4, ...rows.map(({ cells }) => widthOf(cells[i]))),
  );
  const starts = widths.map((_, i) => left + widths.slice(0, i).reduce((sum, width) => sum + width + GAP, 0));
  const width = Math.max(NARROWEST, starts.at(-1)! + widths.at(-1)! + MARGIN);
  const titleLines = wrapText(title, cssFont(TITLE), width - 2 * MARGIN);
  const subtitleLines = subtitle === "" ? [] : wrapText(subtitle, cssFont(SMALL), width - 2 * MARGIN);
  const head = MARGIN + titleLines.length * TITLE.lineHeight;
  const top = head + subtitleLines.length * 16 + 34;
  const height = top + rows.length * (CELL + GAP) + MARGIN - GAP;
  const graphic = [
    ...titleLines.map((text, i) => textAt(text, MARGIN, MARGIN + i * TITLE.lineHeight, TITLE, INK)),
    ...subtitleLines.map((text, i) => textAt(text, MARGIN, head + 4 + i * 16, SMALL, MUTED)),
    ...columns.map((name, i) => ({
      ...textAt(name, starts[i]! + widths[i]! / 2, top - 20, TEXT, INK),
      textAlign: "center",
    })),
    ...rows.flatMap(({ label, cells }, row) => {
      const y = top + row * (CELL + GAP);
      return [
        textAt(label, MARGIN, y + CELL / 2 - 6, SMALL, MUTED),
        ...cells.map((cell, i) => cellAt(cell, starts[i]!, y, widths[i]!)),
      ];
    }),
  ].map(({ textAlign, ...element }: ReturnType<typeof textAt> & { textAlign?: string }) =>
    textAlign ? { ...element, style: { ...element.style, textAlign } } : element,
  );
  return renderChart({ graphic } as Parameters<typeof renderChart>[0], { width, height });
}

const widthOf = (cell: GridCell | undefined) =>
  cell && "bytes" in cell ? CELL * Math.min(MOST_ASPECT, Math.max(1, cell.shape[1] / cell.shape[0])) : CELL;

const textAt = (
  text: string,
  x: number,
  y: number,
  style: { fontWeight: string; fontSize: number; fontFamily: string },
  fill: string,
) => ({
  type: "text",
  silent: true,
  style: { text, x, y, font: cssFont(style), fill } as Record<string, unknown>,
});

/** In the middle of its column. */
function cellAt(cell: GridCell, x: number, y: number, columnWidth: number): ReturnType<typeof textAt> {
  if ("text" in cell) {
    const element = textAt(cell.text, x + columnWidth / 2, y + CELL / 2 - 7, TEXT, INK);
    return { ...element, style: { ...element.style, textAlign: "center" } };
  }
  const [H, W] = cell.shape;
  const width = widthOf(cell);
  // Enlarged here, so that pixels stay squares with sharp edges.
  const scale = Math.max(1, Math.round((2 * CELL) / Math.max(H, W / MOST_ASPECT)));
  const { png } = imageGrid(cell.bytes, cell.shape, { columns: 1, padding: 0, scale });
  const image = `data:image/png;base64,${png.toString("base64")}`;
  return {
    type: "image",
    silent: true,
    style: { image, x: x + (columnWidth - width) / 2, y, width, height: CELL },
  };
}
