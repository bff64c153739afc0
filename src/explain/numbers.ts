import { formatNumber } from "../reporting/format.ts";

/** A number in a formula: four digits that count, and a minus sign that is one. */
export const number = (value: number) => signed(formatNumber(value));

/** A number that somebody will type: as many digits as keep the model the same. */
export const setting = (value: number) => String(Number(value.toPrecision(7)));

/** Nats with a fixed number of decimals. */
export const nats = (value: number, decimals = 2) => signed(rounded(value, decimals).toFixed(decimals));

/** |a / b − 1|, as its power of ten; no less than float64 can tell. */
export const relativeError = (a: number, b: number) =>
  Math.max(Math.abs(a / b - 1), Number.EPSILON)
    .toExponential(0)
    .replace("-", "−");

export const rounded = (value: number, decimals: number) => Number(value.toFixed(decimals));

const signed = (text: string) => text.replace("-", "−");
