import type { Objective } from "../objectives/objective.ts";
import type { TrainEvent } from "../training/events.ts";
import { formatCount, formatDuration, formatLoss, formatNumber, formatShare, isAtFloor } from "./format.ts";

type EpochEvent = Extract<TrainEvent, { type: "epoch" }>;

/** What stays on the screen of an epoch: the same words on a terminal and in a log. */
export function epochLine(event: EpochEvent, epochs: number, objective: Objective): string {
  const parts = [
    `epoch ${String(event.epoch).padStart(String(epochs).length)}/${epochs}`,
    `train ${formatLoss(event.train, objective, event.controls)}`,
    `validation ${formatLoss(event.validation, objective, event.controls)}${event.improved ? " (best)" : ""}`,
    ...(event.sigma === undefined ? [] : [`sigma ${formatNumber(event.sigma)}`]),
    ...(isAtFloor(event.scaleAtFloor)
      ? [`${formatShare(event.scaleAtFloor)} of the scales at their floor`]
      : []),
    `${formatCount(event.imagesPerSecond)} ${objective.example ?? "image"}s/s`,
    formatDuration(event.seconds),
  ];
  return parts.join("  ");
}
