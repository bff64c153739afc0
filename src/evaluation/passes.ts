import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { hostInputs, inputsByName, samplesIn } from "../model/inputs.ts";
import type { Model, Terms } from "../model/model.ts";
import type * as tf from "../tensors/tf.ts";
import { evaluationInputsAhead } from "./inputs.ts";
import { type Pass, type Runner, turnsOf } from "./runner.ts";

/** Images at a time where only the forward pass is needed, and decoder outputs that they may have together (80 MB). */
const EVALUATION_BATCH = 500;
const DECODED_VALUES = 2e7;

/**
 * From so many full batches on a split is recorded: that costs about what ten of them gain by it, and a second pass over
 * the split has it for nothing. The last batch, if it is smaller, would need a recording for itself alone.
 */
const RECORDED_BATCHES = 10;

/** What came back of a batch of a split. */
export interface EvaluatedBatch {
  /** Index of its first image in the split. */
  readonly start: number;
  readonly count: number;
  /** How many samples of each image there are in this piece: row k·count + b is sample k of image b. */
  readonly samples: number;
  /** What the model's likelihood is a density for, as the model saw it, [count, D]; valid until the next batch is asked for. */
  readonly x: Float32Array;
  /** The tensors that were asked for, flat. */
  readonly values: readonly Float32Array[];
}

/** A pass through the whole model, with as many samples of each image as there is noise, to what is taken of its terms. */
export const termsPass =
  (select: (terms: Terms, model: Model) => tf.Tensor[]): Pass =>
  (model, inputs) =>
    select(model.terms(inputsByName(model, inputs), samplesIn(model, inputs)), model);

/** To what the decoder gives for one z ~ q(z|x) of each image, [B, D, P]. */
export const decodedPass = termsPass(({ decoded }) => [decoded]);

export interface PassOptions {
  /** Of each image; one unless it says otherwise. */
  readonly samples?: number;
  /** Of these, how many at a time; all unless it says otherwise. */
  readonly samplesAtATime?: number;
  readonly batchSize?: number;
}

/**
 * Sends a split through the model, with `samples` draws z ~ q(z|x) of each image, and reads back what `pass` gives. Pixel
 * noise and z belong to the image and not to the seed of the training: the result does not depend on how images and samples
 * are batched, and two runs are measured with the same binarised pixels and the same noise.
 */
export async function* evaluatePasses(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  pass: Pass,
  {
    samples = 1,
    samplesAtATime = samples,
    batchSize = Math.min(EVALUATION_BATCH, imagesThatFit(runner.model, samplesAtATime, DECODED_VALUES)),
  }: PassOptions = {},
): AsyncGenerator<EvaluatedBatch> {
  const { model } = runner;
  const { fields, noise, target } = model;
  const turn = turnsOf(runner);
  const plan = { set, fields, coding, batchSize, noise, samples, samplesAtATime };
  for await (const batch of evaluationInputsAhead(plan)) {
    await turn();
    const { start, count } = batch;
    const x = batch[target.name] as Float32Array;
    const batches = count === batchSize ? Math.floor(set.count / batchSize) : 1;
    const pieces = batch.samples === samplesAtATime ? Math.floor(samples / samplesAtATime) : 1;
    const often = batches * pieces >= RECORDED_BATCHES;
    const values = await runner.run(pass, hostInputs(model, batch), often);
    yield { start, count, samples: batch.samples, x, values };
  }
}

/** Images of which so many samples each have together no more than these decoder outputs; one at least. */
export function imagesThatFit({ target, likelihood }: Model, samples: number, decodedValues: number): number {
  return Math.max(1, Math.floor(decodedValues / (fieldSize(target) * likelihood.paramChannels * samples)));
}
