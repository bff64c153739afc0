import { FONT_FAMILY } from "./font.ts";
import { renderSvg } from "./renderSvg.ts";

/** A figure, to be written as SVG or as PNG. */
export interface Drawing {
  /** It names its font; whoever shows it without that takes one of the same widths. */
  readonly svg: string;
  /** Twice as large in pixels, or `scale` times, so that text stays sharp. */
  png(scale?: number): Promise<Buffer>;
}

/** Verdana has the same widths, and is on most machines. */
const FAMILIES = `${FONT_FAMILY}, Verdana, sans-serif`;

export const drawingOf = (svg: string, scale = 2): Drawing => ({
  svg: svg.replaceAll(/(?<=font-family(?:="|:))DejaVu Sans\b/g, FAMILIES),
  png: (asked = scale) => renderSvg(svg, asked),
});
