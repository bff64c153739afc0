import { SingleBar } from "cli-progress";
import type { Objective } from "../objectives/objective.ts";
import type { Listener } from "../training/events.ts";
import { epochLine } from "./epochLine.ts";
import { formatCount, formatDuration, formatNats } from "./format.ts";

const REDRAWS_PER_SECOND = 8;

/** For a terminal: a bar for the epoch under way, and a line that stays for each one that is done. */
export function progressReporter(stream: NodeJS.WriteStream): Listener {
  let bar: SingleBar | undefined;
  let epochs = 0;
  let objective!: Objective;
  let imagesPerEpoch = 0;
  let started = 0;
  let imagesAtStart = 0;

  const start = (epoch: number, images: number) => {
    bar = new SingleBar({
      stream,
      format: `epoch ${epoch}/${epochs} [{bar}] {percentage}%  loss {loss}  {speed} images/s  {left} left`,
      barCompleteChar: "=",
      barIncompleteChar: " ",
      barsize: 24,
      fps: REDRAWS_PER_SECOND,
      clearOnComplete: true,
      hideCursor: true,
    });
    bar.start(imagesPerEpoch, images, { loss: "...", speed: "...", left: "..." });
  };

  return (event) => {
    switch (event.type) {
      case "started":
        ({ epochs, imagesPerEpoch, objective } = event);
        imagesAtStart = event.epoch * imagesPerEpoch + event.imagesDone;
        started = performance.now();
        break;
      case "progress": {
        if (!bar) start(event.epoch, event.images);
        const done = (event.epoch - 1) * imagesPerEpoch + event.images;
        const perSecond = (done - imagesAtStart) / ((performance.now() - started) / 1000);
        bar!.update(event.images, {
          loss: event.loss === undefined ? "..." : formatNats(event.loss),
          speed: formatCount(perSecond),
          left: formatDuration((epochs * imagesPerEpoch - done) / perSecond),
        });
        break;
      }
      case "note":
      case "warning":
        bar?.stop();
        bar = undefined;
        stream.write(`${event.text}\n`);
        break;
      case "epoch":
        bar?.stop();
        bar = undefined;
        stream.write(`${epochLine(event, epochs, objective)}\n`);
        break;
      case "finished":
        bar?.stop();
        break;
    }
  };
}
