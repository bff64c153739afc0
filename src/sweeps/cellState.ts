import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { VaeError } from "../base/errors.ts";
import { readConfig } from "../comparison/readRun.ts";
import { valueAt } from "../config/settings.ts";
import { isOwned } from "../runs/lock.ts";
import { RunFolder } from "../runs/runFolder.ts";
import { readSummary } from "../runs/summary.ts";
import type { Cell } from "./cells.ts";
import { runPath } from "./plan.ts";

/** In the order in which they are told. */
export const cellStatuses = [
  "finished",
  "running",
  "interrupted",
  "failed",
  "diverged",
  "unusable",
  "waiting",
] as const;

export type CellStatus = (typeof cellStatuses)[number];

/** Where the run of a cell stands, as its own folder says. */
export interface CellState {
  readonly status: CellStatus;
  /** Trained so far; and in all, as its configuration says. */
  readonly epochs: number;
  /** Of a finished run of a density, on validation: what runs are chosen by. */
  readonly minusElbo?: number;
  readonly seconds?: number;
  /** Why it cannot be used. */
  readonly why?: string;
}

/** Whether there may be something to do. */
export const isOpen = ({ status }: CellState) => !["finished", "diverged", "unusable"].includes(status);

const WAITING: CellState = { status: "waiting", epochs: 0 };

export function stateOf(folder: string, cell: Cell): CellState {
  const path = runPath(folder, cell);
  try {
    const owned = isOwned(path);
    const run = RunFolder.find(path);
    if (!run) return owned ? { status: "running", epochs: 0 } : WAITING;
    const other = otherSettings(run, cell);
    if (other) return { status: "unusable", epochs: 0, why: other };
    const record = run.readRecord();
    const epochs = record?.timings.imagesPerSecond.length ?? 0;
    if (owned) return { status: "running", epochs };
    if (record?.status !== "finished") {
      const wasKilled = record === undefined || record.status === "running";
      return { status: wasKilled ? "interrupted" : record.status, epochs } as CellState;
    }
    const summary = readSummary(run);
    if (!summary) return { status: "interrupted", epochs };
    const { elbo } = summary.splits.validation;
    const { seconds } = record.timings;
    return { status: "finished", epochs, seconds, ...(elbo !== undefined && { minusElbo: -elbo }) };
  } catch (error) {
    if (error instanceof VaeError) return { status: "unusable", epochs: 0, why: error.message };
    throw error;
  }
}

/** What a run in the cell's folder has otherwise than the cell; a run that was killed at its start may not say. */
function otherSettings(run: RunFolder, { settings }: Cell): string | undefined {
  if (!existsSync(run.config)) return undefined;
  const config = readConfig(run.config);
  const other = Object.entries(settings).find(
    ([path, value]) => !isDeepStrictEqual(valueAt(config, path), value),
  );
  if (!other) return undefined;
  const [path, value] = other;
  return `its run has ${path} ${JSON.stringify(valueAt(config, path))}, the cell ${JSON.stringify(value)}`;
}
