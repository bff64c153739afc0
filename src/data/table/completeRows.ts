import { isMissing, MISSING_FORMS } from "./cells.ts";
import { isMissingAt, type TypedColumn, toLeaveOut } from "./columns.ts";
import { cellError, quoted, type Table } from "./table.ts";

/** The rows that have a value in each of these columns; where others are an error, fails at the first. */
export function completeRows(
  table: Table,
  columns: readonly TypedColumn[],
  missing: "error" | "drop",
): Uint32Array {
  const gap = (row: number) => columns.find((column) => isMissingAt(column, row));
  const all = Uint32Array.from({ length: table.count }, (_, row) => row);
  const complete = all.filter((row) => gap(row) === undefined);
  if (missing === "drop" || complete.length === all.length) return complete;
  const row = all.find((row) => gap(row) !== undefined)!;
  const column = gap(row)!;
  const cell = String(table.columns[column.number - 1]!.cells[row]);
  const told = cell !== "" && isMissing(cell) ? `no value (${quoted(cell)})` : "no value";
  throw cellError(
    table,
    column,
    row,
    `${told}; ${all.length - complete.length} of ${all.length} rows lack one (${MISSING_FORMS}). ` +
      `--dataset.missing drop leaves such rows out.${toLeaveOut(column)}`,
  );
}
