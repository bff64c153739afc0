import { parse } from "yaml";
import { VaeError } from "../base/errors.ts";

/** The most cells that a sweep has, and so the most values of a setting. */
export const MOST_CELLS = 1_000_000;

/** The values of a flag: `0.5,1,2`, `0..4`, `gaussian,laplace`; of a setting that is a list also `[400],[200,200]`. */
export function valuesOfFlag(text: string, isList: boolean): unknown[] {
  const values = parsed(text);
  return isList && !values.some(Array.isArray) ? [values] : values.flatMap(expanded);
}

/** Those of an axis in a file: a list of values, or one of them. */
export const valuesOfAxis = (axis: unknown): unknown[] =>
  Array.isArray(axis) ? axis.flatMap(expanded) : expanded(axis);

function parsed(text: string): unknown[] {
  try {
    return parse(`[${text}]`);
  } catch {
    return [text];
  }
}

/** `0..4` is 0, 1, 2, 3, 4. */
function expanded(value: unknown): unknown[] {
  const [, first, last] = /^(-?\d+)\.\.(-?\d+)$/.exec(String(value)) ?? [];
  if (first === undefined) return [value];
  const [from, to] = [Number(first), Number(last)];
  if (to < from || to - from >= MOST_CELLS) {
    throw new VaeError("usage", `${value} is no range of values. Accepted: a..b with a ≤ b, such as 0..4.`);
  }
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
