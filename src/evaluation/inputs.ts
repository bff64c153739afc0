import { ahead } from "../base/ahead.ts";
import { type Coded, evaluationBatches } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import type { BatchInputs } from "../model/inputs.ts";
import { exampleNoise, type NoiseDraw } from "../model/noise.ts";
import { RandomStream } from "../tensors/random.ts";

/** What a split is evaluated on; plain data, and all that it depends on. */
export interface EvaluationPlan extends Coded {
  readonly set: Split;
  readonly batchSize: number;
  /** What the model draws, and for how many samples of each image. */
  readonly noise: readonly NoiseDraw[];
  readonly samples: number;
}

export interface EvaluationInputs extends BatchInputs {
  /** Index of the first image in the split. */
  readonly start: number;
}

/**
 * Draws the batches of a split in order. Pixel noise and z belong to the image and not to the seed of the training: they
 * do not depend on how the images are batched, and two runs get the same.
 */
export function* evaluationInputs(plan: EvaluationPlan): Generator<EvaluationInputs, void, undefined> {
  const { set, samples } = plan;
  const random = new RandomStream("evaluation");
  let start = 0;
  for (const { columns, count } of evaluationBatches(set, { ...plan, random })) {
    yield {
      start,
      count,
      samples,
      ...columns,
      ...exampleNoise(plan.noise, { count, samples }, random, start),
    };
    start += count;
  }
}

/** The same, drawn on another thread while the model runs. */
export const evaluationInputsAhead = (plan: EvaluationPlan) => ahead(import.meta.url, evaluationInputs, plan);
