import type { AxisRange } from "./axisRange.ts";
import { textWidth } from "./font.ts";

/** The width of the widest tick label. */
export function widestTick(range: AxisRange, font: string): number {
  return Math.max(
    textWidth(formatTick(range.min, range), font),
    textWidth(formatTick(range.max, range), font),
  );
}

/** A label with as many digits as tell one tick from the next. */
export function formatTick(tick: number, { min, max, step }: AxisRange): string {
  const magnitude = (value: number) => Math.floor(Math.log10(value) + 1e-9);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  // The ticks come from repeated addition: 0.30000000000000004, and −1e-17 for 0.
  const rounded = Math.round(tick / step) * step || 0;
  if (largest >= 1e7) return typographic(rounded.toExponential(magnitude(largest) - magnitude(step)));
  return typographic(withDecimals(rounded, Math.max(0, -magnitude(step))));
}

/** A value to be compared with another: hundredths of a nat as long as they can matter. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e7) return typographic(value.toExponential(2));
  return typographic(withDecimals(value, size < 1e3 ? 2 : size < 1e5 ? 1 : 0));
}

function withDecimals(value: number, decimals: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** With a minus sign in place of the hyphen, and 1e6 without its plus. */
function typographic(number: string): string {
  return number.replaceAll("-", "−").replace("+", "");
}
