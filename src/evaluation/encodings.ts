import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import type { DiagonalGaussian } from "../model/distributions/diagonalGaussian.ts";
import type { Posterior } from "../model/distributions/distribution.ts";
import { inputsByName } from "../model/inputs.ts";
import { POSTERIOR, type Vae } from "../model/vae.ts";
import type * as tf from "../tensors/tf.ts";
import { evaluatePasses } from "./passes.ts";
import type { Pass, Runner } from "./runner.ts";

/** q(z|x) of the images of a split, on the host; d is the dimension of z. */
export interface Encodings {
  readonly count: number;
  readonly latentDim: number;
  /** E[z|x], [count, d]. */
  readonly mean: Float32Array;
  /** log Var[z|x] where the latents are independent normals, [count, d]. */
  readonly logVar?: Float32Array;
  /** One z ~ q(z|x) each, [count, d], with its log q(z|x) and log p(z) or log p(z|y), [count]. */
  readonly z: Float32Array;
  readonly logPosterior: Float32Array;
  readonly logPrior: Float32Array;
}

/** A runner of a model with latents. */
export type LatentRunner = Runner & { readonly model: Vae };

const isDiagonal = (q: Posterior): q is DiagonalGaussian => q.kind === "diagonalGaussian";

const encodingsPass: Pass = (model, inputs) => {
  const vae = model as Vae; // as `encodeSplit` has it
  const named = inputsByName(vae, inputs) as Record<string, tf.Tensor2D>;
  const y = vae.given && named[vae.given.name];
  const q = vae.encode(named["x"]!, y);
  const { z, logProb } = q.sampleAndLogProb(named[POSTERIOR]!);
  return [q.mean(), z, logProb, vae.priorOf(y).logProb(z), ...(isDiagonal(q) ? [q.params.logVar] : [])];
};

/** Encodes a split; z belongs to the image, as everywhere in an evaluation. */
export async function encodeSplit(runner: LatentRunner, set: Split, coding: PixelCoding): Promise<Encodings> {
  const { latentDim } = runner.model;
  const { count } = set;
  const sizes = [latentDim, latentDim, 1, 1, latentDim];
  const columns: Float32Array[] = [];
  for await (const { start, values } of evaluatePasses(runner, set, coding, encodingsPass)) {
    for (const [i, of] of values.entries()) {
      columns[i] ??= new Float32Array(count * sizes[i]!);
      columns[i].set(of, start * sizes[i]!);
    }
  }
  const [mean, z, logPosterior, logPrior, logVar] = columns as [
    ...[Float32Array, Float32Array, Float32Array, Float32Array],
    Float32Array?,
  ];
  return { count, latentDim, mean, z, logPosterior, logPrior, ...(logVar && { logVar }) };
}
