import type { z } from "zod";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import type { Tensor2D, Tensor3D } from "../../tensors/tf.ts";

/** The sizes that a pair of networks connects. */
export interface NetworkShape {
  /** Of one x. */
  readonly xShape: readonly number[];
  /** D, its values: H·W·C of an image. */
  readonly D: number;
  readonly latentDim: number;
  /** Numbers that describe q(z|x) for one x. */
  readonly posteriorParams: number;
  /** P, numbers per pixel and channel that describe p(x|z). */
  readonly paramChannels: number;
  /** Biases of the decoder's last layer, [D, P]. */
  readonly initialParams: Float32Array;
}

/** An encoder and a decoder. Whatever its shape, x is flat. */
export interface Network {
  /** x to the parameters of q(z|x): [B, D] -> [B, posteriorParams]. */
  encode(x: Tensor2D): Tensor2D;
  /** Latents to the parameters of p(x|z): [B, latentDim] -> [B, D, P]. */
  decode(z: Tensor2D): Tensor3D;
}

/** One family of networks: a file that exports this object, and its line in `index.ts`. */
export interface NetworkFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `model.network:` of a configuration. */
  readonly schema: Schema;
  create(
    config: z.infer<Schema>,
    shape: NetworkShape,
    make: { encoder: CreateVariable; decoder: CreateVariable },
    random: RandomStream,
  ): Network;
}

/** Identity; gives a family's file its types. */
export function defineNetwork<const Schema extends z.ZodObject>(
  family: NetworkFamily<Schema>,
): NetworkFamily<Schema> {
  return family;
}
