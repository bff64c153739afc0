import { z } from "zod";
import type { Objective } from "../objectives/objective.ts";
import { emptyTotals, type Totals } from "./metrics.ts";

const count = z.int().min(0);

const totals: z.ZodType<Totals> = z.object({ count }).catchall(z.number());

/** Where a run stands, besides weights and the optimiser's state. Plain data: a checkpoint holds it as JSON. */
export const trainingStateSchema = z.strictObject({
  /** Finished epochs. */
  epoch: count,
  /** Finished batches of the epoch under way. */
  batch: count,
  /** Finished steps of the whole run. */
  step: count,
  /** Of the epoch under way, and since the last "step" event. */
  epochTotals: totals,
  windowTotals: totals,
  /** The epoch with the lowest validation loss, with the controls where they end. */
  best: z.strictObject({ epoch: count, loss: z.number() }).nullable(),
});

export type TrainingState = z.infer<typeof trainingStateSchema>;

export const initialState = (objective: Objective): TrainingState => ({
  epoch: 0,
  batch: 0,
  step: 0,
  epochTotals: emptyTotals(objective),
  windowTotals: emptyTotals(objective),
  best: null,
});
