import type { Config } from "../../config/schema.ts";
import type { TrainEvent } from "../../training/events.ts";
import type { RunFolder } from "../runFolder.ts";
import type { RunSummary } from "../summary.ts";

/** Tells a run to another tool, in the form of that. `metrics.jsonl` is written anyway and is what counts. */
export interface Tracker {
  record(event: TrainEvent): Promise<void>;
  /** The run is done, and its pictures are of the best epoch. */
  finish(summary: RunSummary): Promise<void>;
  close(): Promise<void>;
}

export interface TrackedRun {
  readonly folder: RunFolder;
  readonly config: Config;
  /** Where it starts; what was told of later steps is taken back. */
  readonly step: number;
}

export type OpenTracker = (run: TrackedRun) => Promise<Tracker>;
