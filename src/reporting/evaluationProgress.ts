import { progressBar } from "./bar.ts";
import { formatCount, formatDuration } from "./format.ts";
import { canRedraw, writeLine } from "./terminal.ts";

/** Without a bar, a sign of life this often. */
const SECONDS_BETWEEN_LINES = 30;

/** Shows how many draws are done of a long evaluation, and the time that is left: a bar on a terminal, otherwise lines. */
export function evaluationProgress(stream: NodeJS.WriteStream, label: string) {
  const bar = canRedraw(stream) ? progressBar(stream, { keep: false }) : undefined;
  const started = performance.now();
  let lastLine = started;
  return {
    stop: () => bar?.stop(),
    onProgress(done: number, total: number): void {
      const now = performance.now();
      const seconds = (now - started) / 1000;
      const left = `${formatDuration((seconds * (total - done)) / done)} left`;
      if (bar) {
        bar.update({
          done,
          total,
          parts: (bar, percent) => [
            { text: label, rank: 1 },
            { text: bar, rank: 3 },
            { text: percent, rank: 0 },
            { text: `${formatCount(done / seconds)} draws/s`, rank: 4 },
            { text: left, rank: 2 },
          ],
        });
      } else if (now - lastLine > SECONDS_BETWEEN_LINES * 1000) {
        lastLine = now;
        writeLine(stream, `${label}: ${Math.floor((100 * done) / total)} % of the draws, ${left}`);
      }
    },
  };
}
