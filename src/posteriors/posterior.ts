import type { z } from "zod";
import type { Tensor1D, Tensor2D } from "../tf.ts";

/** The parameters of q(z|x) for a batch, by name; each [B, latentDim]. */
export type PosteriorParams = Readonly<Record<string, Tensor2D>>;

/** One family of approximate posteriors q(z|x). */
export interface PosteriorFamily<Schema extends z.ZodType, Params extends PosteriorParams> {
  readonly kind: string;
  /** The section `model.posterior:` of a configuration. */
  readonly schema: Schema;
  /** Numbers that the encoder gives for one image. */
  paramCount(latentDim: number): number;
  /** Encoder output to named parameters: [B, paramCount] -> each [B, latentDim]. */
  params(encoded: Tensor2D): Params;
  /** The point that stands for the posterior where one is wanted: [B, latentDim]. */
  mean(q: Params): Tensor2D;
  /** z ~ q(z|x) as a differentiable function of standard normal `noise` [B, latentDim] -> [B, latentDim]. */
  sample(q: Params, noise: Tensor2D): Tensor2D;
  /** log q(z|x) in nats: [B, latentDim] -> [B]. */
  logProb(q: Params, z: Tensor2D): Tensor1D;
}
