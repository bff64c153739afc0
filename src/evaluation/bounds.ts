import { evaluationBatches } from "../data/batches.ts";
import type { ImageSet } from "../data/dataset.ts";
import type { Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import { RandomStream } from "../random.ts";
import * as tf from "../tf.ts";

/** Images at a time where only the forward pass is needed. */
const EVALUATION_BATCH = 500;

/**
 * The seed of every evaluation, whatever the seed of the training: two runs are measured with the same binarised
 * pixels and the same noise.
 */
const evaluationRandom = () => new RandomStream("evaluation");

/** E_q[−log p(x|z)] and KL(q(z|x) ‖ p(z)) over a split, in nats per image, each image counted once. */
export interface ElboEstimate {
  readonly count: number;
  readonly distortion: number;
  readonly rate: number;
}

/**
 * Estimates the two terms of the ELBO on a split with one z ~ q(z|x) per image. Example-weighted; the noise belongs to
 * the image, so the result does not depend on how the images are batched.
 */
export async function estimateElbo(
  vae: Vae,
  set: ImageSet,
  coding: PixelCoding,
  batchSize = EVALUATION_BATCH,
): Promise<ElboEstimate> {
  const random = evaluationRandom();
  const posteriorRandom = random.fork("posterior");
  let distortion = 0;
  let rate = 0;
  let start = 0;
  for (const batch of evaluationBatches(set, { coding, batchSize, random })) {
    const noise = new Float32Array(batch.count * vae.latentDim);
    for (let i = 0; i < batch.count; i++) {
      noise.set(posteriorRandom.fork(start + i).normals(vae.latentDim), i * vae.latentDim);
    }
    const perImage = tf.tidy(() => {
      const x = tf.tensor2d(batch.x, [batch.count, batch.x.length / batch.count]);
      const pass = vae.forward(x, tf.tensor2d(noise, [batch.count, vae.latentDim]));
      return tf.concat([tf.neg(pass.logProb), pass.rate]); // [2·B]
    });
    const values = await perImage.data();
    perImage.dispose();
    for (let i = 0; i < batch.count; i++) {
      distortion += values[i]!;
      rate += values[batch.count + i]!;
    }
    start += batch.count;
  }
  return { count: set.count, distortion: distortion / set.count, rate: rate / set.count };
}
