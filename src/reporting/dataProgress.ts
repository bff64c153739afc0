import { Presets, SingleBar } from "cli-progress";
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

/** `9.9 MB`, in powers of ten. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
