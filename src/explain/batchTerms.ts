import { trainingBatches } from "../data/batches.ts";
import type { ImageSet } from "../data/dataset.ts";
import type { TermName } from "../likelihoods/likelihood.ts";
import type { Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import type { RandomStream } from "../random.ts";
import * as tf from "../tf.ts";
import { readSigma, stepInputs } from "../training/trainer.ts";

/** The loss of one batch in parts, as means over its images, in nats per image. */
export interface BatchTerms {
  readonly images: number;
  /** Parts of the distortion. */
  readonly parts: readonly { readonly name: TermName; readonly value: number }[];
  /** As the objective computes it, in fewer operations. */
  readonly distortion: number;
  readonly rate: number;
  /** Errors of the decoded means, whatever the likelihood. */
  readonly errors: { readonly SSE: number; readonly SAE: number };
  /** The standard deviation of the noise, where it is one number. */
  readonly sigma?: number;
}

/** Takes the first batch of the first epoch apart: the loss that `vae train` computes in its first step. */
export async function measureFirstBatch(
  vae: Vae,
  set: ImageSet,
  options: { coding: PixelCoding; batchSize: number; random: RandomStream },
): Promise<BatchTerms> {
  const { random } = options;
  const batch = trainingBatches(set, { ...options, epoch: 1 }).next().value!;
  const { x, noise } = stepInputs(vae, batch, random.fork("posterior").fork(0));
  const names: TermName[] = [];
  const perImage = tf.tidy(() => {
    const { decoded, logProb, rate } = vae.forward(x, noise);
    const residual = tf.sub(x, vae.likelihood.mean(decoded));
    const parts = Object.entries(vae.likelihood.terms(decoded, x)) as [TermName, tf.Tensor1D][];
    names.push(...parts.map(([name]) => name));
    const errors = [tf.sum(tf.square(residual), 1), tf.sum(tf.abs(residual), 1)];
    return tf.stack([tf.neg(logProb), rate, ...errors, ...parts.map(([, part]) => part)]); // [4 + parts, B]
  });
  const values = await perImage.data();
  tf.dispose([perImage, x, noise]);
  const means = Array.from({ length: perImage.shape[0]! }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < batch.count; i++) sum += values[row * batch.count + i]!;
    return sum / batch.count;
  });
  const [distortion, rate, SSE, SAE, ...parts] = means as [number, number, number, number, ...number[]];
  return {
    images: batch.count,
    parts: names.map((name, i) => ({ name, value: parts[i]! })),
    distortion,
    rate,
    errors: { SSE, SAE },
    ...(await readSigma(vae)),
  };
}
