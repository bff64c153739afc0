import type { z } from "zod";
import type { Field } from "../../data/field.ts";
import type { Support } from "../../data/support.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import type { Tensor1D, Tensor2D } from "../../tensors/tf.ts";

/** A distribution over vectors of d numbers, or N of them side by side, one for each row of what it is asked about. */
export interface Distribution {
  /** Names its closed forms, see `kl`. */
  readonly kind: string;
  /** The values of z that it is a density for. */
  readonly support: Support;
  /** log p(z) in nats: [N, d] -> [N]. */
  logProb(z: Tensor2D): Tensor1D;
}

/** q(z|x) for N rows, whose draws are differentiable functions of noise. */
export interface Posterior extends Distribution {
  /** Its parameters by name, or those of what a flow starts from, each [N, d]. */
  readonly params: Readonly<Record<string, Tensor2D>>;
  /** E[z], [N, d]; of a flow, which has no closed form for it, where the mean of what it starts from goes. */
  mean(): Tensor2D;
  /** z ~ q as a differentiable function of standard normal `noise`: [N, d] -> [N, d]. */
  rsample(noise: Tensor2D): Tensor2D;
  /** A draw with its log q(z|x), [N, d] and [N]. */
  sampleAndLogProb(noise: Tensor2D): { readonly z: Tensor2D; readonly logProb: Tensor1D };
  /** log q of each of M points under each of the N, in nats: [M, d] -> [M, N]. */
  pairwiseLogProb(z: Tensor2D): Tensor2D;
}

/** p(z), the same for all rows, or of one y for each of them. */
export interface Prior extends Distribution {
  /** E[z], [d], or [B, d] of B y; of a flow where the mean of what it starts from goes. */
  mean(): Tensor1D | Tensor2D;
  /** `count` draws, [count, d]; of B y a whole number of times B, in their order. */
  sample(count: number, random: RandomStream): Tensor2D;
}

/** p(z|y): a prior for each row of what is known of y. */
export interface PriorGiven {
  readonly kind: string;
  /** From h(y), [B, features], for B·K rows of z: row k·B + b belongs to row b. */
  given(features: Tensor2D): Prior;
}

/** One family of approximate posteriors: what an encoder's output means. */
export interface PosteriorFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `model.posterior:` of a configuration. */
  readonly schema: Schema;
  /** Numbers that the encoder gives for one example. */
  paramCount(config: z.infer<Schema>, latentDim: number): number;
  /** [N, paramCount] -> the N posteriors. */
  of(config: z.infer<Schema>, encoded: Tensor2D): Posterior;
  /** The same density as `q` with its parameters held fixed: its gradient goes to z alone. Absent where there is none. */
  held?(q: Posterior): Distribution;
}

/** What a prior may be made of. */
export interface PriorContext {
  readonly latentDim: number;
  /** For parameters of its own, which are learned and kept with the others. */
  readonly createVariable: CreateVariable;
  readonly random: RandomStream;
  /** What the model's encoder reads. */
  readonly x: Field;
  /** How many numbers h(y) has; absent without a condition. */
  readonly features?: number;
  /** The model's own q(z|x) for some examples [N, D]. */
  encode(x: Tensor2D): Posterior;
  /** Training examples as the encoder sees them, [count, D], to start from. */
  examples(count: number): Float32Array;
}

/** How many numbers z has, and one x, and h(y) with a condition. */
export interface PriorSizes {
  readonly latentDim: number;
  readonly D: number;
  readonly features?: number;
}

/** One family of priors. */
export interface PriorFamily<
  Schema extends z.ZodObject = z.ZodObject,
  P extends Prior | PriorGiven = Prior | PriorGiven,
> {
  /** The section `model.prior:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>, context: PriorContext): P;
  /** How many numbers it learns, and how many log p(z) makes for one z that its gradient needs. */
  size(config: z.infer<Schema>, of: PriorSizes): { readonly weights: number; readonly kept: number };
}
