import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import type { Cell } from "./cells.ts";

/** A sweep's folder: the plan, a line for each cell, and the folders of their runs. */
export interface Plan {
  readonly folder: string;
  readonly cells: readonly Cell[];
}

const cellSchema = z.strictObject({ run: z.string(), settings: z.record(z.string(), z.unknown()) });

const planFile = (folder: string) => join(folder, "cells.jsonl");

/** Where a cell's run is. */
export const runPath = (folder: string, { run }: Cell) => join(folder, run);

/**
 * Writes the plan into its folder. A plan that is there may grow, and is otherwise kept: cells that are gone or other than
 * they were are a usage error.
 */
export async function writePlan({ folder, cells }: Plan): Promise<void> {
  if (existsSync(planFile(folder))) {
    const before = readPlan(folder).cells;
    if (isDeepStrictEqual(before, cells)) return;
    const now = new Map(cells.map(({ run, settings }) => [run, settings]));
    const lost = before.find(({ run, settings }) => !isDeepStrictEqual(now.get(run), settings));
    if (lost) {
      throw new VaeError(
        "usage",
        `${folder} holds another sweep: its cell ${lost.run} ${now.has(lost.run) ? "has other settings" : "is not in this one"}. ` +
          "A sweep may grow by cells; for another one give another --out.",
      );
    }
  }
  await writeFileAtomic(planFile(folder), linesOf(cells));
}

/** Lines of one length, so that each of many processes reads its own alone, see `readCell`. */
function linesOf(cells: readonly Cell[]): string {
  const lines = cells.map((cell) => Buffer.from(JSON.stringify(cell)));
  const width = Math.max(...lines.map(({ length }) => length));
  return lines.map((line) => `${line}${" ".repeat(width - line.length)}\n`).join("");
}

export function readPlan(folder: string): Plan {
  const file = planFile(folder);
  const lines = attempt(file, () => readFileSync(file, "utf8")).split("\n");
  return { folder, cells: lines.filter((line) => line !== "").map((line) => parseCell(line, file)) };
}

/** Cell `index` of a plan, without the others: its line starts at index · the length of the first. */
export function readCell(folder: string, index: number): Cell {
  const file = planFile(folder);
  const line = attempt(file, () => {
    const handle = openSync(file, "r");
    try {
      const width = widthOf(handle);
      return bytesAt(handle, index * width, width).toString();
    } finally {
      closeSync(handle);
    }
  });
  if (line === "") throw new VaeError("usage", `${file} has no cell ${index}; the first is cell 0.`);
  return parseCell(line, file);
}

function bytesAt(handle: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(handle, bytes, 0, length, position));
}

/** Of the first line, with its end. */
function widthOf(handle: number): number {
  for (let length = 4096; ; length *= 2) {
    const start = bytesAt(handle, 0, length);
    const end = start.indexOf("\n");
    if (end >= 0 || start.length < length) return end + 1;
  }
}

function attempt<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw fileError(`Cannot read ${file}, the plan that \`vae sweep\` writes`, error);
  }
}

function parseCell(line: string, file: string): Cell {
  try {
    return cellSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new VaeError(
      "failure",
      `${file} is damaged: it does not hold a cell a line. The command that made the sweep writes it anew once it is deleted.`,
      { cause },
    );
  }
}
