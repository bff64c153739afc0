import { counted } from "../base/counted.ts";
import { formatDuration, formatNats } from "../reporting/format.ts";
import { type CellState, type CellStatus, cellStatuses } from "./cellState.ts";
import type { Cell } from "./cells.ts";

export type Counts = Readonly<Record<CellStatus, number>>;

export function countsOf(states: readonly CellState[]): Counts {
  const counts = Object.fromEntries(cellStatuses.map((status) => [status, 0])) as Record<CellStatus, number>;
  for (const { status } of states) counts[status]++;
  return counts;
}

/** `24 cells: 20 finished, 4 waiting` */
export function countsText(states: readonly CellState[]): string {
  const counts = countsOf(states);
  const told = cellStatuses
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  return `${counted(states.length, "cell")}: ${told.join(", ")}`;
}

/** `beta=0.5,seed=1  finished  validation -ELBO 104.21, 6 epochs in 35 s` */
export function cellText({ run }: Cell, { status, epochs, minusElbo, seconds, why }: CellState): string {
  const parts = [
    ...(minusElbo === undefined ? [] : [`validation -ELBO ${formatNats(minusElbo)}`]),
    ...(epochs === 0 ? [] : [`${counted(epochs, "epoch")}`]),
    ...(seconds === undefined ? [] : [formatDuration(seconds)]),
    ...(why === undefined ? [] : [why]),
  ];
  return [run, status, ...(parts.length > 0 ? [parts.join(", ")] : [])].join("  ");
}

/** Of the cells that somebody may want to look at: neither finished nor yet to come. */
export const openCells = (cells: readonly Cell[], states: readonly CellState[]) =>
  cells
    .map((cell, i) => ({ cell, state: states[i]! }))
    .filter(({ state }) => state.status !== "finished" && state.status !== "waiting");
