import type { Objective } from "../objectives/objective.ts";
import type { Listener } from "../training/events.ts";
import { epochLine } from "./epochLine.ts";
import { formatCount, formatLoss } from "./format.ts";

/** A long epoch shows a sign of life this often; a short one is just its own line. */
const SECONDS_BETWEEN_LINES = 30;

/** For a log file or a pipe: whole lines, few of them. */
export function lineReporter(write: (line: string) => void): Listener {
  let epochs = 0;
  let objective!: Objective;
  let imagesPerEpoch = 0;
  let lastLine = performance.now();
  let images = 0;
  return (event) => {
    switch (event.type) {
      case "started":
        ({ epochs, imagesPerEpoch, objective } = event);
        break;
      case "progress":
        images = event.images;
        return;
      case "step":
        if (performance.now() - lastLine < SECONDS_BETWEEN_LINES * 1000) return;
        write(
          `epoch ${event.epoch}/${epochs}, ${formatCount(images)} of ${formatCount(imagesPerEpoch)} ${objective.example ?? "image"}s: ` +
            `train ${formatLoss(event.metrics, objective, event.controls)}`,
        );
        break;
      case "note":
      case "warning":
        write(event.text);
        return;
      case "epoch":
        write(epochLine(event, epochs, objective));
        break;
    }
    lastLine = performance.now();
  };
}
