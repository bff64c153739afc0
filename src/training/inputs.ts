import { ahead } from "../base/ahead.ts";
import { type Coded, type EpochPlan, trainingBatches } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import type { BatchInputs } from "../model/inputs.ts";
import { type NoiseDraw, stepNoise } from "../model/noise.ts";
import { RandomStream } from "../tensors/random.ts";

/** What the steps of an epoch are run on; plain data, and all that it depends on. */
export interface InputsPlan extends Coded, EpochPlan {
  readonly set: Split;
  /** What the model draws, and for how many samples of each image. */
  readonly noise: readonly NoiseDraw[];
  readonly samples: number;
  readonly epoch: number;
  /** The batch of the epoch to begin with, from 0, and the steps of the run that were made before it. */
  readonly from: number;
  readonly step: number;
  /** The key of the run's random stream. */
  readonly seed: string;
}

/** Draws the inputs of one step after another, to the end of the epoch. */
export function* trainingInputs(plan: InputsPlan): Generator<BatchInputs, void, undefined> {
  const { set, samples, step, from } = plan;
  const random = new RandomStream(plan.seed);
  for (const { columns, count, index } of trainingBatches(set, { ...plan, random })) {
    const noise = stepNoise(plan.noise, { count, samples }, random, step + index - from);
    yield { count, samples, ...columns, ...noise };
  }
}

/** The same, drawn on another thread while the steps run. */
export const trainingInputsAhead = (plan: InputsPlan) => ahead(import.meta.url, trainingInputs, plan);
