import { hostRows } from "../backends/index.ts";
import type { ImageSet } from "../data/dataset.ts";
import type { ForwardPass, Pass, Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import * as tf from "../tf.ts";
import { evaluationInputsAhead } from "./inputs.ts";

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
  /** The images as the model saw them, [count, D]; valid until the next batch is asked for. */
  readonly x: Float32Array;
  /** The tensors that were asked for, flat. */
  readonly values: readonly Float32Array[];
}

/** A pass through the whole model: batch and noise, as in `Vae.forward`, to what is taken of it. */
export const forwardPass =
  (select: (pass: ForwardPass, vae: Vae) => tf.Tensor[]): Pass =>
  (vae, inputs) => {
    const [x, noise] = inputs as [tf.Tensor2D, tf.Tensor2D];
    return select(vae.forward(x, noise), vae);
  };

/** To what the decoder gives, [B, D, P]. */
export const decodedPass = forwardPass(({ decoded }) => [tf.clone(decoded)]);

/**
 * Sends a split through the model, one z ~ q(z|x) per image, and reads back what `pass` gives. Pixel noise and z belong
 * to the image and not to the seed of the training: the result does not depend on how the images are batched, and two
 * runs are measured with the same binarised pixels and the same noise.
 */
export async function* evaluatePasses(
  vae: Vae,
  set: ImageSet,
  coding: PixelCoding,
  pass: Pass,
  batchSize = imagesAtATime(vae),
): AsyncGenerator<EvaluatedBatch> {
  const plan = { set, coding, batchSize, latentDim: vae.latentDim };
  for await (const { start, count, x, noise } of evaluationInputsAhead(plan)) {
    const inputs = [hostRows(x, count), hostRows(noise, count)];
    const often = count === batchSize && set.count >= RECORDED_BATCHES * batchSize;
    yield { start, count, x, values: await vae.run(pass, inputs, often) };
  }
}

function imagesAtATime({ imageShape: [H, W, C], likelihood }: Vae): number {
  const fit = Math.floor(DECODED_VALUES / (H * W * C * likelihood.paramChannels));
  return Math.max(1, Math.min(EVALUATION_BATCH, fit));
}
