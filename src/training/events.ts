import type { Objective } from "../objectives/objective.ts";
import type { Metrics } from "./metrics.ts";

/** What the trainer tells its listeners; it knows no console and no file. */
export type TrainEvent =
  | {
      readonly type: "started";
      readonly objective: Objective;
      /** Epochs finished before: 0 unless the run is resumed. */
      readonly epoch: number;
      readonly epochs: number;
      readonly imagesPerEpoch: number;
      /** Images of the epoch under way that were trained on before. */
      readonly imagesDone: number;
    }
  | {
      /** After each `logEvery` steps: means since the last such event. */
      readonly type: "step";
      readonly epoch: number;
      readonly step: number;
      readonly metrics: Metrics;
      /** The weights in the loss, by name. */
      readonly controls: Readonly<Record<string, number>>;
      readonly learningRate: number;
      readonly sigma?: number;
    }
  | {
      /** After each step: how far the run is, for a bar. The loss is the last that is known. */
      readonly type: "progress";
      readonly epoch: number;
      readonly step: number;
      readonly images: number;
      readonly loss: number | undefined;
    }
  | {
      /** After each epoch: training means over the epoch as it went, validation with the weights at its end. */
      readonly type: "epoch";
      readonly epoch: number;
      readonly step: number;
      readonly train: Metrics;
      readonly validation: Metrics;
      /** The weights in the loss, by name. */
      readonly controls: Readonly<Record<string, number>>;
      readonly learningRate: number;
      readonly sigma?: number;
      /** The share of the learned scales at their lower bound, where they have one, on validation. */
      readonly scaleAtFloor?: number;
      /** Whether the validation loss is the lowest so far. */
      readonly improved: boolean;
      /** Training alone, without validation and listeners. */
      readonly imagesPerSecond: number;
      readonly seconds: number;
    }
  | {
      /** Something that the user may want to know. */
      readonly type: "note";
      readonly text: string;
    }
  | {
      /** Something that went wrong and that the run goes on without. */
      readonly type: "warning";
      readonly text: string;
    }
  | {
      readonly type: "finished";
      readonly reason: FinishReason;
      readonly epoch: number;
      readonly step: number;
    };

export type FinishReason = "completed" | "early-stopping" | "interrupted";

/** Listeners are waited for, so that a picture or a log row is on disk before the next step. */
export type Listener = (event: TrainEvent) => void | Promise<void>;
