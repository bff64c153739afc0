import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { plainElbo } from "../objectives/index.ts";
import { type Means, meansByName } from "../objectives/means.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";
import { evaluatePasses, termsPass } from "./passes.ts";
import type { Pass, Runner } from "./runner.ts";

/** An objective's quantities over a split, means over its images, each counted once, in nats per image. */
export interface BoundEstimate {
  readonly count: number;
  readonly means: Means;
  /** The share of the learned scales at their lower bound, where they have one (see `Density`). */
  readonly scaleAtFloor?: number;
}

/** E_q[−log p(x|z)] and KL(q(z|x) ‖ p(z)) over a split, in nats per image. */
export interface ElboEstimate {
  readonly count: number;
  readonly distortion: number;
  readonly rate: number;
  readonly scaleAtFloor?: number;
}

const passes = new WeakMap<Objective, Pass>();

/** The quantities of each image, and the share at the floor. */
function boundPass(objective: Objective): Pass {
  const known = passes.get(objective);
  if (known) return known;
  const pass = termsPass(objective.samples, (terms, { likelihood }) => [
    ...objective.perExample(terms),
    likelihood.scaleAtFloor?.(terms.decoded) ?? tf.scalar(0),
  ]);
  passes.set(objective, pass);
  return pass;
}

/** Estimates what an objective reports on a split, with its number of samples of each image (see `evaluatePasses`). */
export async function estimateBound(
  runner: Runner,
  objective: Objective,
  set: Split,
  coding: PixelCoding,
  batchSize?: number,
): Promise<BoundEstimate> {
  const { likelihood } = runner.vae;
  const sums = objective.quantities.map(() => 0);
  let atFloor = 0;
  const options = { samples: objective.samples, ...(batchSize && { batchSize }) };
  for await (const { count, values } of evaluatePasses(runner, set, coding, boundPass(objective), options)) {
    for (const i of sums.keys()) for (const value of values[i]!) sums[i]! += value;
    atFloor += count * values.at(-1)![0]!;
  }
  return {
    count: set.count,
    means: meansByName(
      objective,
      sums.map((sum) => sum / set.count),
    ),
    ...(likelihood.scaleAtFloor && { scaleAtFloor: atFloor / set.count }),
  };
}

/** Estimates the two terms of the ELBO on a split with one z ~ q(z|x) per image, whatever trained the model. */
export async function estimateElbo(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  batchSize?: number,
): Promise<ElboEstimate> {
  const { means, ...rest } = await estimateBound(runner, plainElbo, set, coding, batchSize);
  return { ...rest, distortion: means["distortion"]!, rate: means["rate"]! };
}
