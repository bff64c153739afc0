import { VaeError } from "../../base/errors.ts";
import type { SplitRows } from "./splitRows.ts";
import { cellError, columnName, quoted, type RawColumn, type Table } from "./table.ts";

const WORDS: Readonly<Record<keyof SplitRows, readonly string[]>> = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val", "dev"],
  test: ["test", "testing"],
};

/** The splits as a column has them; undefined where it has no validation rows. */
export function splitsOfColumn(
  table: Table,
  column: RawColumn,
  rows: Uint32Array,
): { train: Uint32Array; validation: Uint32Array | undefined; test: Uint32Array } {
  const found: Record<keyof SplitRows, number[]> = { train: [], validation: [], test: [] };
  for (const row of rows) {
    const cell = String(column.cells[row]);
    const split = (Object.keys(WORDS) as (keyof SplitRows)[]).find((name) =>
      WORDS[name].includes(cell.toLowerCase()),
    );
    if (!split) {
      throw cellError(
        table,
        column,
        row,
        `${quoted(cell)} names no split. Accepted in dataset.splitColumn, in small letters or capitals: ${Object.values(WORDS).flat().join(", ")}.`,
      );
    }
    found[split].push(row);
  }
  for (const split of ["train", "test"] as const) {
    if (found[split].length > 0) continue;
    throw new VaeError(
      "failure",
      `${table.path}, ${columnName(column)}: no row is ${split}. Accepted: rows of train and of test; those of validation may be missing.`,
    );
  }
  const of = (split: keyof SplitRows) => Uint32Array.from(found[split]);
  return {
    train: of("train"),
    validation: found.validation.length > 0 ? of("validation") : undefined,
    test: of("test"),
  };
}
