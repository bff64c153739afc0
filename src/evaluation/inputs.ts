import { ahead } from "../base/ahead.ts";
import { type Coded, evaluationBatches } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import type { BatchInputs } from "../model/inputs.ts";
import { exampleNoiseInPieces, type NoiseDraw } from "../model/noise.ts";
import { RandomStream } from "../tensors/random.ts";

/** What a split is evaluated on; plain data, and all that it depends on. */
export interface EvaluationPlan extends Coded {
  readonly set: Split;
  readonly batchSize: number;
  /** What the model draws, and for how many samples of each image. */
  readonly noise: readonly NoiseDraw[];
  readonly samples: number;
  /** Samples of each image that are drawn at a time; all unless it says otherwise. */
  readonly samplesAtATime?: number;
}

/** The key of the random stream that all noise of an evaluation is from. */
export const EVALUATION_SEED = "evaluation";

export interface EvaluationInputs extends BatchInputs {
  /** Index of the first image in the split. */
  readonly start: number;
}

/**
 * Draws the batches of a split in order, each with its samples piece by piece. Pixel noise belongs to the image, and z to
 * the image and the sample, neither to the seed of the training: they do not depend on how images and samples are batched,
 * and two runs get the same.
 */
export function* evaluationInputs(plan: EvaluationPlan): Generator<EvaluationInputs, void, undefined> {
  const { set, samples, samplesAtATime = samples } = plan;
  const random = new RandomStream(EVALUATION_SEED);
  let start = 0;
  for (const { columns, count } of evaluationBatches(set, { ...plan, random })) {
    const noise = exampleNoiseInPieces(plan.noise, count, random, start);
    for (let done = 0; done < samples; done += samplesAtATime) {
      const piece = Math.min(samplesAtATime, samples - done);
      yield { start, count, samples: piece, ...columns, ...noise(piece) };
    }
    start += count;
  }
}

/** The same, drawn on another thread while the model runs. */
export const evaluationInputsAhead = (plan: EvaluationPlan) => ahead(import.meta.url, evaluationInputs, plan);
