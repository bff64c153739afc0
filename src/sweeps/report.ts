import { settings } from "../config/settings.ts";
import { named, progressBar } from "../reporting/bar.ts";
import { formatDuration } from "../reporting/format.ts";
import { canRedraw } from "../reporting/terminal.ts";
import { type CellState, isOpen } from "./cellState.ts";
import type { Cell } from "./cells.ts";
import type { LocalOptions } from "./local.ts";
import type { Plan } from "./plan.ts";
import { cellText } from "./status.ts";

const EPOCHS = "training.epochs";

/** A line for each cell that has ended, and on a terminal a bar for all of them, by their epochs. */
export function sweepReporter(
  { cells }: Plan,
  before: readonly CellState[],
  say: (line: string) => void,
): Pick<LocalOptions, "onEnd" | "onLine" | "onProgress"> & { stop(): void } {
  const bar = canRedraw(process.stderr) ? progressBar(process.stderr, { keep: false }) : undefined;
  const usual = settings().find(({ path }) => path === EPOCHS)!.default;
  const epochsOf = ({ settings }: Cell, state: CellState) =>
    isOpen(state) ? Number(settings[EPOCHS] ?? usual) : state.epochs;
  const sum = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);
  const started = performance.now();
  const doneBefore = sum(before.map(({ epochs }) => epochs));
  const width = String(cells.length).length;
  let ended = before.filter((state) => !isOpen(state)).length;
  return {
    onEnd(cell, state) {
      ended++;
      say(`[${String(ended).padStart(width)}/${cells.length}] ${cellText(cell, state)}`);
    },
    onLine: ({ run }, line) => say(`${run}: ${line}`),
    onProgress(states) {
      const done = sum(states.map(({ epochs }) => epochs));
      const total = sum(states.map((state, i) => epochsOf(cells[i]!, state)));
      const perSecond = (done - doneBefore) / ((performance.now() - started) / 1000);
      bar?.update({
        done,
        total,
        parts: (bar, percent) => [
          ...named(`${ended}/${cells.length} runs`, bar, percent),
          ...(perSecond > 0 ? [{ text: `${formatDuration((total - done) / perSecond)} left`, rank: 2 }] : []),
        ],
      });
    },
    stop: () => bar?.stop(),
  };
}
