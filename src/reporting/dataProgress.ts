import { formatBytes } from "../base/bytes.ts";
import type { OnDataProgress } from "../data/dataset.ts";
import { named, progressBar } from "./bar.ts";
import { canRedraw, writeLine } from "./terminal.ts";

/** Shows work on data: a bar on a terminal, otherwise one line for each file or task. */
export function dataProgressBar(stream: NodeJS.WriteStream): { onProgress: OnDataProgress; stop(): void } {
  const bar = canRedraw(stream) ? progressBar(stream, { keep: true }) : undefined;
  let current = "";
  const stop = () => {
    bar?.stop();
    current = "";
  };
  const onProgress: OnDataProgress = ({ label, done, total, unit }) => {
    const amount = (n: number) => (unit === "bytes" ? formatBytes(n) : n.toLocaleString("en-US"));
    const all = total === 0 ? "?" : unit === "bytes" ? amount(total) : `${amount(total)} ${unit}`;
    if (label !== current) {
      stop();
      current = label;
      const from = done > 0 && unit === "bytes" ? `, continued at ${amount(done)}` : "";
      if (!bar) writeLine(stream, `${label}: ${all}${from}`);
    }
    bar?.update({
      done,
      total,
      parts: (bar, percent) => [
        ...named(label, bar, percent),
        { text: `${amount(done)} of ${all}`, rank: 2 },
      ],
    });
    if (done === total) stop();
  };
  return { onProgress, stop };
}
