import type { Row } from "../document.ts";

/** Whether a column holds numbers, and nothing else, so that they are set to the right. */
export const isNumeric = (rows: readonly Row[], column: number) =>
  rows.some((row) => row[column] !== "") &&
  rows.every((row) => /^(−?[\d.]+(e[+-]\d+)?)?$/.test(row[column]!));
