import type { z } from "zod";
import type { CreateVariable } from "../parameters.ts";
import type { PixelCoding } from "../pixels.ts";
import type { RandomStream } from "../random.ts";
import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from "../tf.ts";

/**
 * p(x|z): a normalised density over the D = H·W·C values of an image, factorised over them.
 * B images at a time; the decoder gives P parameters per value.
 */
export interface Likelihood {
  /** P, the decoder outputs per pixel and channel. */
  readonly paramChannels: number;
  /**
   * log p(x|z) with every constant, in nats per image (summed over the D values).
   * `params` [B, D, P], `x` [B, D] -> [B].
   */
  logProb(params: Tensor3D, x: Tensor2D): Tensor1D;
  /** E[x|z], what a picture of a decoded image shows. [B, D, P] -> [B, D]. */
  mean(params: Tensor3D): Tensor2D;
  /** A draw x ~ p(x|z), noise included. [B, D, P] -> [B, D]. */
  sample(params: Tensor3D, random: RandomStream): Tensor2D;
  /** The one noise scale σ in units of x, for logs; absent where there is none. */
  sigma?(): Scalar;
}

/**
 * One family of densities. Adding one: a file that exports this object, its two lines in `index.ts`, a row in the
 * contract table of `test/likelihoods.test.ts`.
 */
export interface LikelihoodFamily<Schema extends z.ZodType> {
  /** The section `likelihood:` of a configuration. */
  readonly schema: Schema;
  /** The density in a line, for people. */
  formula(config: z.infer<Schema>): string;
  /** The measure that the density is taken against; numbers on different measures are never ranked. */
  baseMeasure(config: z.infer<Schema>): string;
  /** The codings of pixels that this is a density for; `pixels: auto` takes the first. */
  pixels(config: z.infer<Schema>): readonly [PixelCoding, ...PixelCoding[]];
  /** Decoder biases [D, P] at which the mean is the average image, so that training starts from there. */
  initialParams(config: z.infer<Schema>, averageImage: Float32Array): Float32Array;
  create(config: z.infer<Schema>, createVariable: CreateVariable): Likelihood;
}

/** Identity; gives a family's file its types. */
export function defineLikelihood<const Schema extends z.ZodType>(
  family: LikelihoodFamily<Schema>,
): LikelihoodFamily<Schema> {
  return family;
}
