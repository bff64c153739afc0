import { parse } from "yaml";
import type { Cell } from "./cells.ts";
import { runPath } from "./plan.ts";

/** The arguments of `vae train` for a cell that has not begun. They say all, whatever becomes of the sweep's file. */
export const trainArguments = (folder: string, cell: Cell): string[] => [
  "train",
  ...Object.entries(cell.settings).flatMap(([path, value]) => [`--${path}`, flagText(value)]),
  ...["--out", runPath(folder, cell)],
];

/** As the flag's own parser reads it back. */
export function flagText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    return parse(value) === value ? value : JSON.stringify(value);
  } catch {
    return JSON.stringify(value);
  }
}

/** Arguments as a shell takes them. */
export const shellText = (args: readonly string[]) =>
  args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(" ");
