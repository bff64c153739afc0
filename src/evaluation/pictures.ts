import { VaeError } from "../base/errors.ts";
import { evaluationBatches } from "../data/batches.ts";
import { codedSize } from "../data/codedFields.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { isDensity, type Model } from "../model/model.ts";
import type { Regression } from "../model/regression.ts";
import { hasLatents } from "../model/vae.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { EVALUATION_SEED } from "./inputs.ts";

/** Whether a picture shows E[x|z] or a draw from p(x|z), with the noise that the likelihood says is there. */
export type PixelMode = "mean" | "draw";

/**
 * `count` images from the prior: z ~ p(z), then the decoder. Bytes [count, H, W, C]. With a condition of B y, [B, …] on the
 * device, and `count` a whole number of times B: image k·B + b is one that y_b leaves possible.
 */
export const drawSamples = async (
  model: Model,
  count: number,
  random: RandomStream,
  pixels: PixelMode = "mean",
  y?: tf.Tensor2D,
): Promise<Uint8Array> => toBytes(sampleImages(model, count, random, pixels, y));

/** The same on the device, in the units of x: [count, D]. */
export const sampleImages = (
  model: Model,
  count: number,
  random: RandomStream,
  pixels: PixelMode,
  y?: tf.Tensor2D,
): tf.Tensor2D =>
  tf.tidy(() => render(model, drawDecoded(model, count, random, y), random.fork("pixels"), pixels));

/** Parameters of p(x|z) for z ~ p(z), or of p(x|z, y), as in `drawSamples`: [count, D, P]. */
export const drawDecoded = (
  model: Model,
  count: number,
  random: RandomStream,
  y?: tf.Tensor2D,
): tf.Tensor3D =>
  hasLatents(model)
    ? model.decode(model.priorOf(y).sample(count, random.fork("prior")), y)
    : rowsOf((model as Regression).predict(y!), count);

/** [B, D, P] -> [rows, D, P], all of it again and again. */
const rowsOf = (decoded: tf.Tensor3D, rows: number): tf.Tensor3D =>
  tf.tile(decoded, [rows / decoded.shape[0], 1, 1]);

/** What a model is given of the examples `start` … of a split, on the device, [count, …]; undefined without a condition. */
export function givenOf(model: Model, set: Split, count: number): tf.Tensor2D | undefined {
  const { given } = model;
  if (!given) return undefined;
  const coded = { fields: [given], coding: "gray" as const, random: new RandomStream(EVALUATION_SEED) };
  const batchSize = Math.min(count, set.count);
  const [batch] = evaluationBatches(set, { ...coded, batchSize });
  return tf.tensor2d(batch!.columns[given.name]!, [batchSize, codedSize(given)]);
}

/**
 * The first `count` images of a split as the model sees them, and each from the mean of its posterior, or as predicted. Bytes
 * [count, H, W, C] of both.
 */
export async function reconstruct(
  model: Model,
  set: Split,
  coding: PixelCoding,
  count: number,
  random = new RandomStream(EVALUATION_SEED),
  pixels: PixelMode = "mean",
): Promise<{ originals: Uint8Array; reconstructions: Uint8Array }> {
  const batchSize = Math.min(count, set.count);
  const { target } = model;
  const [batch] = evaluationBatches(set, { fields: [target], coding, batchSize, random });
  const x = tf.tensor2d(batch!.columns[target.name]!, [batchSize, fieldSize(target)]);
  const y = givenOf(model, set, batchSize);
  const decoded = () =>
    hasLatents(model) ? model.decode(model.encode(x, y).mean(), y) : (model as Regression).predict(y!);
  const reconstructions = await toBytes(tf.tidy(() => render(model, decoded(), random.fork("draw"), pixels)));
  y?.dispose();
  return { originals: await toBytes(x), reconstructions };
}

/** Parameters of p(x|·), [B, D, P], to images [B, D]. */
export function render(
  model: Model,
  decoded: tf.Tensor3D,
  random: RandomStream,
  pixels: PixelMode,
): tf.Tensor2D {
  if (pixels === "mean") return model.likelihood.mean(decoded);
  if (!isDensity(model)) {
    throw new VaeError(
      "usage",
      "This run was trained with a loss that no density belongs to, so there is no noise to draw. " +
        "--pixels mean shows its images.",
    );
  }
  return model.likelihood.sample(decoded, random);
}

/** [0, 1] to 0 … 255, cutting off what a Gaussian puts outside; the tensor is disposed. */
async function toBytes(images: tf.Tensor2D): Promise<Uint8Array> {
  const values = await images.data();
  images.dispose();
  return Uint8Array.from(values, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
}
