import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { VaeError } from "../base/errors.ts";
import { RunFolder } from "../runs/runFolder.ts";

/**
 * The runs among these folders and anywhere below them, each once, by name. Links are followed, each folder once; what is
 * no run, or cannot be read, is passed over.
 */
export function findRuns(paths: readonly string[]): RunFolder[] {
  const seen = new Set<string>();
  const found: RunFolder[] = [];
  for (const path of paths) {
    if (!isFolder(path)) throw new VaeError("failure", `${path} is no folder. ${ACCEPTED}`);
    const before = found.length;
    const known = seen.size;
    walk(path, seen, found);
    if (found.length === before && seen.size > known) {
      throw new VaeError("failure", `There is no run in ${path}, at any depth. ${ACCEPTED}`);
    }
  }
  return found;
}

const ACCEPTED = "`vae compare` takes run folders, and folders that hold them; `vae train` makes runs.";

function walk(path: string, seen: Set<string>, found: RunFolder[]): void {
  const real = realpathSync(path);
  if (seen.has(real)) return;
  seen.add(real);
  const run = RunFolder.find(path);
  if (run) {
    found.push(run);
    return;
  }
  for (const entry of entriesOf(path)) {
    const below = join(path, entry.name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && isFolder(below))) walk(below, seen, found);
  }
}

/** The order of names with numbers in them: run-2 before run-10. */
export const { compare: collate } = new Intl.Collator("en", { numeric: true });

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => collate(a.name, b.name));
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
