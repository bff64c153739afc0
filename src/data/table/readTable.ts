import { VaeError } from "../../base/errors.ts";
import { sha256 } from "../cache.ts";
import { isNpy } from "../npy.ts";
import { readInput } from "../readInput.ts";
import { isZip } from "../zip.ts";
import { arrayTable } from "./arrayTable.ts";
import { parseDelimited, type TextSettings } from "./delimited.ts";
import type { Table } from "./table.ts";
import { textOf } from "./text.ts";

/** Its cells are in memory as text, which takes several times as much. */
const MOST_BYTES = 256 * 2 ** 20;

/** Reads the table that a file holds, which is told by its first bytes: arrays of numpy, or text. */
export async function readTable(
  path: string,
  settings: TextSettings,
  warn: (text: string) => void = () => {},
): Promise<Table> {
  const doing = `dataset.path is ${path}, which cannot be read`;
  const bytes = await readInput(path, doing, { code: "usage", most: MOST_BYTES });
  const table =
    isNpy(bytes) || isZip(bytes)
      ? await arrayTable(path)
      : parseDelimited(textOf(bytes, path, warn), { path, sha256: sha256(bytes) }, settings);
  if (table.count === 0) {
    throw new VaeError(
      "failure",
      `${path} has the names of ${table.columns.length} columns, but no rows below them. Accepted: a row on each line; ` +
        "--dataset.header false if the first line is one.",
    );
  }
  return table;
}
