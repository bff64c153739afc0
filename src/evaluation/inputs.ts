import { ahead } from "../ahead.ts";
import { evaluationBatches } from "../data/batches.ts";
import type { ImageSet } from "../data/dataset.ts";
import type { PixelCoding } from "../pixels.ts";
import { RandomStream } from "../random.ts";

/** What a split is evaluated on; plain data, and all that it depends on. */
export interface EvaluationPlan {
  readonly set: ImageSet;
  readonly coding: PixelCoding;
  readonly batchSize: number;
  readonly latentDim: number;
}

export interface EvaluationInputs {
  /** Index of the first image in the split. */
  readonly start: number;
  readonly count: number;
  /** [count, D] */
  readonly x: Float32Array<ArrayBuffer>;
  /** Standard normal, [count, latentDim]. */
  readonly noise: Float32Array<ArrayBuffer>;
}

/**
 * Draws the batches of a split in order. Pixel noise and z belong to the image and not to the seed of the training: they
 * do not depend on how the images are batched, and two runs get the same.
 */
export function* evaluationInputs(plan: EvaluationPlan): Generator<EvaluationInputs, void, undefined> {
  const { set, latentDim } = plan;
  const random = new RandomStream("evaluation");
  const posterior = random.fork("posterior");
  let start = 0;
  for (const { x, count } of evaluationBatches(set, { ...plan, random })) {
    const noise = new Float32Array(count * latentDim);
    for (let i = 0; i < count; i++) {
      noise.set(posterior.fork(start + i).normals(latentDim), i * latentDim);
    }
    yield { start, count, x, noise };
    start += count;
  }
}

/** The same, drawn on another thread while the model runs. */
export const evaluationInputsAhead = (plan: EvaluationPlan) => ahead(import.meta.url, evaluationInputs, plan);
