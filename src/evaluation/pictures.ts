import { VaeError } from "../base/errors.ts";
import { evaluationBatches } from "../data/batches.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { isDensity, type Vae } from "../model/vae.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";

/** Whether a picture shows E[x|z] or a draw from p(x|z), with the noise that the likelihood says is there. */
export type PixelMode = "mean" | "draw";

/** `count` images from the prior: z ~ p(z), then the decoder. Bytes [count, H, W, C]. */
export async function drawSamples(
  vae: Vae,
  count: number,
  random: RandomStream,
  pixels: PixelMode = "mean",
): Promise<Uint8Array> {
  return toBytes(
    tf.tidy(() => render(vae, vae.prior.sample(count, random.fork("prior")), random.fork("pixels"), pixels)),
  );
}

/**
 * The first `count` images of a split as the model sees them, and each from the mean of its posterior. Bytes
 * [count, H, W, C] of both.
 */
export async function reconstruct(
  vae: Vae,
  set: Split,
  coding: PixelCoding,
  count: number,
  random = new RandomStream("evaluation"),
  pixels: PixelMode = "mean",
): Promise<{ originals: Uint8Array; reconstructions: Uint8Array }> {
  const batchSize = Math.min(count, set.count);
  const { target } = vae;
  const [batch] = evaluationBatches(set, { fields: [target], coding, batchSize, random });
  const x = tf.tensor2d(batch!.columns[target.name]!, [batchSize, fieldSize(target)]);
  const reconstructions = await toBytes(
    tf.tidy(() => render(vae, vae.encode(x).mean(), random.fork("draw"), pixels)),
  );
  return { originals: await toBytes(x), reconstructions };
}

/** Latents [B, latentDim] to images [B, D]. */
function render(vae: Vae, z: tf.Tensor2D, random: RandomStream, pixels: PixelMode): tf.Tensor2D {
  if (pixels === "draw" && !isDensity(vae)) {
    throw new VaeError(
      "usage",
      "This run was trained with a loss that no density belongs to, so there is no noise to draw. " +
        "--pixels mean shows its images.",
    );
  }
  const decoded = vae.decode(z);
  return pixels === "mean" ? vae.likelihood.mean(decoded) : vae.likelihood.sample(decoded, random);
}

/** [0, 1] to 0 … 255, cutting off what a Gaussian puts outside; the tensor is disposed. */
async function toBytes(images: tf.Tensor2D): Promise<Uint8Array> {
  const values = await images.data();
  images.dispose();
  return Uint8Array.from(values, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
}

/**
 * Rows of originals, each above its reconstructions, for a grid of `columns`: [N, …] and [N, …] -> [2N, …]. The last
 * row of a number that does not fill it is filled with black.
 */
export function pairRows(
  originals: Uint8Array,
  reconstructions: Uint8Array,
  columns: number,
  size: number,
): Uint8Array {
  const rowBytes = columns * size;
  const rows = Math.ceil(originals.length / rowBytes);
  const out = new Uint8Array(2 * rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    out.set(originals.subarray(row * rowBytes, (row + 1) * rowBytes), 2 * row * rowBytes);
    out.set(reconstructions.subarray(row * rowBytes, (row + 1) * rowBytes), (2 * row + 1) * rowBytes);
  }
  return out;
}
