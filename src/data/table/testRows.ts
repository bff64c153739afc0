import { counted } from "../../base/counted.ts";
import { VaeError } from "../../base/errors.ts";
import { sha256 } from "../cache.ts";
import { readInput } from "../readInput.ts";
import type { Table } from "./table.ts";

/** The test rows (from 0) that a file names: the list `split` of several, or its only one. */
export async function readTestRows(
  path: string,
  table: Table,
  split: number,
): Promise<{ readonly rows: Uint32Array; readonly sha256: string }> {
  const bytes = await readInput(path, `dataset.testRows is ${path}, which cannot be read`, { code: "usage" });
  const lists = listsOf(bytes.toString("utf8"), path);
  const list = lists[split];
  if (!list) {
    throw new VaeError(
      "usage",
      `dataset.split is ${split}, but ${path} has ${counted(lists.length, "list")} of test rows. Accepted: 0 to ${lists.length - 1}.`,
    );
  }
  return {
    rows: checked(list, table, lists.length > 1 ? `${path}, list ${split}` : path),
    sha256: sha256(bytes),
  };
}

const FORMS =
  'Accepted: a JSON list of rows, a list of such lists, an object with one of them as "test", or text with a row on each line; rows count from 0';

/** JSON, or text with a number on each line. */
function listsOf(text: string, path: string): unknown[][] {
  const lines = text.split(/\s+/).filter((line) => line !== "");
  if (lines.length > 0 && lines.every((line) => /^[+-]?[\d.]+$/.test(line))) return [lines.map(Number)];
  const parsed = parsedJson(text, path);
  const list: unknown = Array.isArray(parsed) ? parsed : (parsed as { test?: unknown } | null)?.test;
  if (!Array.isArray(list) || list.length === 0) {
    throw new VaeError("failure", `${path}: holds no list of test rows. ${FORMS}.`);
  }
  return list.every(Array.isArray) ? list : [list];
}

function parsedJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VaeError(
      "failure",
      `${path}: no test rows by their form (${(error as Error).message}). ${FORMS}.`,
    );
  }
}

function checked(list: unknown[], { path, count }: Table, where: string): Uint32Array {
  const known = new Set<unknown>();
  const fail = (i: number, problem: string) =>
    new VaeError(
      "failure",
      `${where}: test row ${JSON.stringify(list[i])} (number ${i + 1} in the list) ${problem}`,
    );
  for (const [i, row] of list.entries()) {
    if (!Number.isInteger(row) || (row as number) < 0 || (row as number) >= count) {
      const hint = row === count ? " Rows count from 0: subtract 1 if these count from 1." : "";
      throw fail(i, `is no row of ${path}. Accepted: whole numbers from 0 to ${count - 1}.${hint}`);
    }
    if (known.has(row)) throw fail(i, "is there twice. Accepted: each row once.");
    known.add(row);
  }
  if (list.length === 0) throw new VaeError("failure", `${where}: no test rows. Accepted: at least one.`);
  if (list.length === count) {
    throw new VaeError(
      "failure",
      `${where}: all ${count} rows of ${path} are test rows, which leaves none to train on.`,
    );
  }
  return Uint32Array.from(list as number[]);
}
