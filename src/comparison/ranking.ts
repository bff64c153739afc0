import type { RowEstimate } from "./rows.ts";

/** The places that a row may have: more than one where it does not differ from others by more than the error. */
export type Rank = readonly [first: number, last: number];

/**
 * Smaller is better. A row comes after those that are better by more than the standard error of the difference, and
 * before those that are worse by more. That error is, of rows a and b,
 *
 *     √(s_a² + s_b² + e_a² + e_b²),  s over seeds, where there are several, e over images,
 *
 * as if each had images of its own: they have the same, so what is harder is harder for both, and the error is rather less.
 * Where an error is not known, nothing is told apart.
 */
export function ranksOf(rows: readonly RowEstimate[]): Rank[] {
  return rows.map((row) => {
    const better = rows.filter((other) => isBetter(other, row)).length;
    const worse = rows.filter((other) => isBetter(row, other)).length;
    return [better + 1, rows.length - worse];
  });
}

/** Whether a is smaller than b by more than the error. */
export const isBetter = (a: RowEstimate, b: RowEstimate): boolean =>
  b.mean - a.mean > Math.sqrt(variance(a) + variance(b));

const variance = ({ overSeeds = 0, overImages = Number.POSITIVE_INFINITY }: RowEstimate) =>
  overSeeds ** 2 + overImages ** 2;

/** `1`, `2–3` */
export const rankText = ([first, last]: Rank): string => (first === last ? `${first}` : `${first}–${last}`);
