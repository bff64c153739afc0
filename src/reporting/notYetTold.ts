import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import envPaths from "env-paths";
import { canRedraw, type Output } from "./terminal.ts";

const usualFile = () => join(envPaths("vae", { suffix: "" }).cache, "told-notes.json");

/** Of more than these the oldest are told again. */
const REMEMBERED = 50;

/**
 * The notes on the backend that the user of a terminal has not seen before, which are then remembered in the cache folder.
 * A log is to tell all that its run was, so there all of them are new. `vae doctor` always tells them.
 */
export function notYetTold(notes: readonly string[], output: Output, file = usualFile()): readonly string[] {
  if (notes.length === 0 || !canRedraw(output)) return notes;
  const told = readTold(file);
  const unseen = notes.filter((note) => !told.includes(note));
  if (unseen.length > 0) remember(file, [...told, ...unseen].slice(-REMEMBERED));
  return unseen;
}

function readTold(file: string): string[] {
  try {
    const told: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(told) ? told.map(String) : [];
  } catch {
    return []; // none yet, or not ours to read: told once more
  }
}

function remember(file: string, told: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(told));
  } catch {} // a disk that is full or not to be written to: told once more
}
