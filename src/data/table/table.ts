import { VaeError } from "../../base/errors.ts";

/** A table as it is in the file, before anything is made of its cells. */
export interface Table {
  readonly path: string;
  readonly sha256: string;
  /** Of its rows, without the names of the columns. */
  readonly count: number;
  readonly columns: readonly RawColumn[];
  /** Where a row (from 0) is in the file, such as `line 17`. */
  readonly placeOf: (row: number) => string;
}

export interface RawColumn {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  /** One for each row: text of a text file, numbers of arrays. */
  readonly cells: readonly string[] | Float64Array;
}

/** Names a column and its place: `column 3 (age)`. */
export const columnName = ({ name, number }: Pick<RawColumn, "name" | "number">) =>
  name === unnamed(number) ? name : `column ${number} (${name})`;

/** What a column without a name is called. */
export const unnamed = (number: number) => `column ${number}`;

/** What is wrong with a cell, which the message finds for the reader. */
export const cellError = (
  { path, placeOf }: Table,
  column: Pick<RawColumn, "name" | "number">,
  row: number,
  problem: string,
) => new VaeError("failure", `${path}, ${placeOf(row)}, ${columnName(column)}: ${problem}`);

/** A cell in a message. */
export const quoted = (cell: string) => JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
