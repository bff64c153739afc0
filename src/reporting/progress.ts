import type { Objective } from "../objectives/objective.ts";
import type { Listener } from "../training/events.ts";
import { progressBar } from "./bar.ts";
import { epochLine } from "./epochLine.ts";
import { formatCount, formatDuration, formatNats } from "./format.ts";
import { writeLine } from "./terminal.ts";

/** For a terminal: a bar for the epoch under way, and a line that stays for each one that is done. */
export function progressReporter(stream: NodeJS.WriteStream): Listener {
  const bar = progressBar(stream, { keep: false });
  let epochs = 0;
  let objective!: Objective;
  let imagesPerEpoch = 0;
  let started = 0;
  let imagesAtStart = 0;

  return (event) => {
    switch (event.type) {
      case "started":
        ({ epochs, imagesPerEpoch, objective } = event);
        imagesAtStart = event.epoch * imagesPerEpoch + event.imagesDone;
        started = performance.now();
        break;
      case "progress": {
        const { epoch, images, loss } = event;
        const done = (epoch - 1) * imagesPerEpoch + images;
        const perSecond = (done - imagesAtStart) / ((performance.now() - started) / 1000);
        bar.update({
          done: images,
          total: imagesPerEpoch,
          parts: (bar, percent) => [
            { text: `epoch ${epoch}/${epochs}`, rank: 0 },
            { text: bar, rank: 4 },
            { text: percent, rank: 1 },
            { text: `loss ${loss === undefined ? "..." : formatNats(loss)}`, rank: 2 },
            { text: `${formatCount(perSecond)} ${objective.example ?? "image"}s/s`, rank: 5 },
            { text: `${formatDuration((epochs * imagesPerEpoch - done) / perSecond)} left`, rank: 3 },
          ],
        });
        break;
      }
      case "note":
      case "warning":
        writeLine(stream, event.text);
        break;
      case "epoch":
        writeLine(stream, epochLine(event, epochs, objective));
        break;
      case "finished":
        bar.stop();
        break;
    }
  };
}
