import type { AxisRange, Point } from "./axisRange.ts";
import { FONT_FAMILY } from "./font.ts";

/** One set of axes of a figure. */
export interface Panel {
  name: string;
  /** What the quantity is; `{sub|q}` in it is a subscript. */
  formula: string;
  unit: string;
  curves: Curve[];
  range: AxisRange;
  note: string | undefined;
}

export interface Curve {
  name: string;
  color: string;
  symbol: "circle" | "diamond";
  /** The symbol as a character, beside the curve's last value. */
  glyph: string;
  points: Point[];
}

export const INK = "#222222";
export const MUTED = "#666666";
export const FAINT = "#e4e4e4";

const base = {
  fontFamily: FONT_FAMILY,
  fontWeight: "normal",
  fontSize: 12,
  lineHeight: 20,
  color: MUTED,
} as const;
export const TEXT = base;
export const SMALL = { ...base, fontSize: 11 } as const;
export const TITLE = { ...base, fontWeight: "bold", fontSize: 17, lineHeight: 24, color: INK } as const;

/** A text style as the CSS shorthand that text is measured by. */
export function cssFont(style: { fontWeight: string; fontSize: number; fontFamily: string }): string {
  return `${style.fontWeight} ${style.fontSize}px ${style.fontFamily}`;
}
