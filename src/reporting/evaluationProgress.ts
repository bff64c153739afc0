import { named, progressBar } from "./bar.ts";
import { formatCount, formatDuration } from "./format.ts";
import { canRedraw, writeLine } from "./terminal.ts";

/** Without a bar there is a sign of life this often; the first one is early, as it tells how long it will take. */
const SECONDS_BETWEEN_LINES = 30;
const SECONDS_TO_FIRST_LINE = 5;

/** Shows how many draws are done of a long evaluation, and the time that is left: a bar on a terminal, otherwise lines. */
export function evaluationProgress(stream: NodeJS.WriteStream, label: string) {
  const bar = canRedraw(stream) ? progressBar(stream, { keep: false }) : undefined;
  let start: { readonly time: number; readonly done: number } | undefined;
  let nextLine = 0;
  return {
    stop: () => bar?.stop(),
    onProgress(done: number, total: number): void {
      const now = performance.now() / 1000;
      if (!start) {
        start = { time: now, done };
        nextLine = now + SECONDS_TO_FIRST_LINE;
        return;
      }
      const perSecond = (done - start.done) / (now - start.time);
      const left = `${formatDuration((total - done) / perSecond)} left`;
      if (bar) {
        bar.update({
          done,
          total,
          parts: (bar, percent) => [
            ...named(label, bar, percent),
            { text: `${formatCount(perSecond)} draws/s`, rank: 4 },
            { text: left, rank: 2 },
          ],
        });
      } else if (now >= nextLine) {
        nextLine = now + SECONDS_BETWEEN_LINES;
        writeLine(
          stream,
          `${label}: ${Math.floor((100 * done) / total)} % of the draws, ${formatCount(perSecond)} a second, ${left}`,
        );
      }
    },
  };
}
