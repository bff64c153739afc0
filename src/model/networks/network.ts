import type { z } from "zod";
import type { WeightSpec, Weights } from "../../tensors/parameters.ts";
import type { Tensor, Tensor2D, Tensor3D } from "../../tensors/tf.ts";

/** A function of weights and an input. It holds no numbers of its own, so whoever applies it says where they come from. */
export interface Network<In extends Tensor = Tensor, Out extends Tensor = Tensor> {
  /** What it needs, layer by layer. */
  readonly weights: readonly WeightSpec[];
  /** How many numbers `apply` makes for one example that its gradient needs. */
  readonly kept: number;
  /** Pure; `weights` by the names of its specs, whatever else is among them. */
  apply(weights: Weights, input: In): Out;
}

/** What an encoder connects. */
export interface EncoderSizes {
  /** Of one x, whose D values it takes flat. */
  readonly xShape: readonly number[];
  /** Numbers to give for one x, such as the parameters of q(z|x). */
  readonly outputs: number;
}

/** What a decoder connects. */
export interface DecoderSizes {
  /** Numbers to take for one x, such as the dimension of z. */
  readonly inputs: number;
  /** Of one x, with D values. */
  readonly xShape: readonly number[];
  /** P, the parameters of p(x|·) for each value. */
  readonly paramChannels: number;
  /** Biases of the last layer, [D, P]: what comes out at first for an input of zeros. */
  readonly initialParams: Float32Array;
}

/** One family of networks: a file that exports this object, and its line in `index.ts`. */
export interface NetworkFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `model.network:` of a configuration. */
  readonly schema: Schema;
  /** [B, D] -> [B, outputs] */
  encoder(config: z.infer<Schema>, sizes: EncoderSizes): Network<Tensor2D, Tensor2D>;
  /** [B, inputs] -> [B, D, P] */
  decoder(config: z.infer<Schema>, sizes: DecoderSizes): Network<Tensor2D, Tensor3D>;
}

/** Identity; gives a family's file its types. */
export function defineNetwork<const Schema extends z.ZodObject>(
  family: NetworkFamily<Schema>,
): NetworkFamily<Schema> {
  return family;
}
