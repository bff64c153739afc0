import type { EChartsOption } from "echarts";
import type { Drawing } from "./drawing.ts";
import { wrapText } from "./font.ts";
import { cssFont, INK, MUTED, TEXT } from "./panel.ts";
import { headingOf, MARGIN } from "./plot.ts";
import { renderChart } from "./renderChart.ts";

/** A picture of a run, and what it shows. */
export interface NamedPicture {
  readonly label: string;
  readonly note: string;
  readonly png: Buffer;
}

// CSS pixels.
const WIDTH = 1040;
const GAP = 20;
const LINE = 17;
const MOST_COLUMNS = 3;
/** One alone does not fill the page. */
const LEAST_COLUMNS = 2;

/** Pictures side by side in rows of three, each as wide as the others, with its label above it. */
export function picturesChart(
  pictures: readonly NamedPicture[],
  meta: { title: string; subtitle: string },
): Drawing {
  const columns = Math.min(MOST_COLUMNS, pictures.length);
  const across = Math.max(LEAST_COLUMNS, columns);
  const width = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across;
  const { titles, bottom } = headingOf(meta.title, [meta.subtitle], WIDTH);
  const cells = pictures.map(({ label, note, png }) => ({
    lines: wrapText(label, cssFont(TEXT), width),
    note,
    image: `data:image/png;base64,${png.toString("base64")}`,
    height: (width * png.readUInt32BE(20)) / png.readUInt32BE(16),
  }));
  const graphic: NonNullable<EChartsOption["graphic"]> & unknown[] = [];
  let top = bottom + 14;
  for (let first = 0; first < cells.length; first += columns) {
    const row = cells.slice(first, first + columns);
    const heading = (1 + Math.max(...row.map(({ lines }) => lines.length))) * LINE + 4;
    for (const [i, { lines, note, image, height }] of row.entries()) {
      const left = MARGIN + i * (width + GAP);
      const text = (text: string, line: number, fill: string) =>
        graphic.push({
          type: "text",
          x: left,
          y: top + line * LINE,
          style: { text, font: cssFont(TEXT), fill },
        });
      for (const [line, words] of lines.entries()) text(words, line, INK);
      text(note, lines.length, MUTED);
      graphic.push({ type: "image", style: { image, x: left, y: top + heading, width, height } });
    }
    top += heading + Math.max(...row.map(({ height }) => height)) + GAP;
  }
  return renderChart({ title: titles, graphic }, { width: WIDTH, height: top - GAP + MARGIN });
}
