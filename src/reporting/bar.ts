import { SingleBar } from "cli-progress";
import { columnsOf, fitting, holdLine, type Part } from "./terminal.ts";

const REDRAWS_PER_SECOND = 8;
const WIDTH = 24;

/** What stands on the line of a bar. */
export interface BarLine {
  readonly done: number;
  readonly total: number;
  /** Its parts, by how much is done: `[====    ]` and `17 %`. */
  readonly parts: (bar: string, percent: string) => readonly Part[];
}

/** What every bar has: what it is of, itself and its share, of which the share is worth most. */
export const named = (label: string, bar: string, percent: string): readonly Part[] => [
  { text: label, rank: 1 },
  { text: bar, rank: 3 },
  { text: percent, rank: 0 },
];

/** A line that is drawn anew on a terminal, with what fits on it, until something else is written. */
export function progressBar(stream: NodeJS.WriteStream, { keep }: { readonly keep: boolean }) {
  let line: BarLine;
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
    holdLine(undefined);
  };
  const start = () => {
    bar = new SingleBar({
      stream,
      format: () => text(line, columnsOf(stream) - 1),
      linewrap: true, // nothing is to be cut off
      fps: REDRAWS_PER_SECOND,
      clearOnComplete: !keep,
      hideCursor: true,
    });
    bar.start(1, 0);
    holdLine(stop);
  };
  return {
    stop,
    update(next: BarLine) {
      line = next;
      if (!bar) start();
      bar!.update(next.total === 0 ? 0 : next.done / next.total);
    },
  };
}

function text({ done, total, parts }: BarLine, columns: number): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  return fitting(parts(`[${"=".repeat(full).padEnd(WIDTH)}]`, `${Math.floor(100 * share)} %`), columns);
}
