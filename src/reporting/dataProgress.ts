import { Presets, SingleBar } from "cli-progress";
import { formatBytes } from "../base/bytes.ts";
import type { OnDataProgress } from "../data/dataset.ts";

/** Shows work on data: a bar on a terminal, otherwise one line for each file or task. */
export function dataProgressBar(stream: NodeJS.WriteStream): { onProgress: OnDataProgress; stop(): void } {
  let current = "";
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
    current = "";
  };
  const onProgress: OnDataProgress = ({ label, done, total, unit }) => {
    const amount = (n: number) => (unit === "bytes" ? formatBytes(n) : n.toLocaleString("en-US"));
    const all = total === 0 ? "?" : unit === "bytes" ? amount(total) : `${amount(total)} ${unit}`;
    if (label !== current) {
      stop();
      current = label;
      if (stream.isTTY) {
        bar = new SingleBar(
          {
            stream,
            format: "{label} {bar} {percentage} %  {amounts}",
            barsize: 30,
            gracefulExit: false, // Ctrl-C belongs to whoever started the work
          },
          Presets.shades_classic,
        );
        bar.start(total, done, { label, amounts: "" });
      } else {
        const from = done > 0 && unit === "bytes" ? `, continued at ${amount(done)}` : "";
        stream.write(`${label}: ${all}${from}\n`);
      }
    }
    bar?.setTotal(total);
    bar?.update(done, { label, amounts: `${amount(done)} of ${all}` });
    if (done === total) stop();
  };
  return { onProgress, stop };
}
