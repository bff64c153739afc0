import { loadConfig } from "../config/load.ts";
import { type LoadContext, loadDataset, resolveDataDirs } from "../data/index.ts";
import { settle } from "../runs/experiment.ts";
import type { Cell } from "./cells.ts";
import { flagText } from "./trainCommand.ts";

/**
 * Brings the data that several cells use into the cache, once for all, before they would each draw or fetch them at the
 * same time. What is there already is only read.
 */
export async function shareData(
  cells: readonly Cell[],
  context: Omit<LoadContext, "dataDirs">,
): Promise<void> {
  const sets = new Map<string, { cell: Cell; users: number }>();
  for (const cell of cells) {
    const key = JSON.stringify(Object.entries(cell.settings).filter(([path]) => path.startsWith("dataset.")));
    sets.set(key, { cell, users: (sets.get(key)?.users ?? 0) + 1 });
  }
  for (const { cell, users } of sets.values()) {
    if (users < 2) continue;
    const overrides = new Map(Object.entries(cell.settings).map(([path, value]) => [path, flagText(value)]));
    const { dataset } = settle(loadConfig(undefined, overrides));
    await loadDataset(dataset, { ...context, dataDirs: resolveDataDirs() });
  }
}
