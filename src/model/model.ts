import type { z } from "zod";
import type { Field, Fields } from "../data/field.ts";
import type { Parameters } from "../tensors/parameters.ts";
import type { RandomStream } from "../tensors/random.ts";
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from "../tensors/tf.ts";
import type { LikelihoodConfig } from "./likelihoods/index.ts";
import type { Density, Likelihood } from "./likelihoods/likelihood.ts";
import type { NoiseDraw } from "./noise.ts";

/**
 * What a model's bound is made of, for B examples with K samples each: row k·B + b is sample k of example b. An
 * objective makes a loss of it.
 */
export interface Terms {
  /** B, K */
  readonly count: number;
  readonly samples: number;
  /** Parameters of p(x|z), [K·B, D, P]. */
  readonly decoded: Tensor3D;
  /** log p(x|z) in nats, [K·B]; of a bare loss, minus that. */
  readonly logLikelihood: Tensor1D;
  /** KL(q(z|x) ‖ p(z)) in nats, [K·B]: a closed form, or where there is none log q(z|x) − log p(z). */
  readonly rate: Tensor1D;
  /** log p(z) − log q(z|x) of the samples themselves, [K·B], made when it is asked for. */
  logPriorRatio(): Tensor1D;
  /** The same with a gradient through z alone, as if q had no parameters; where the model holds its posterior. */
  heldLogPriorRatio?(): Tensor1D;
  /** The terms of the rate that belong to each dimension of z, [K·B, d]; where the model has `rateDimensions`. */
  ratePerDimension?(): Tensor2D;
}

/** A model as objectives and trainers see it. It runs nothing itself: how it is run is the business of a runner. */
export interface Model {
  /** What it learns. */
  readonly parameters: Parameters;
  /** The fields of a batch that it reads. */
  readonly fields: readonly Field[];
  /** The one of them that its likelihood is a density for, of D values. */
  readonly target: Field;
  /** y, what it is conditioned on; absent without a condition. */
  readonly given?: Field;
  /** The noise that it needs for each sample. */
  readonly noise: readonly NoiseDraw[];
  /** M, if what it draws from is a mixture: sample k of an example is of component k mod M, and there are multiples of M. */
  readonly strata?: number;
  readonly likelihood: Likelihood;
  /** What its rate is of: a latent of each example, the weights of all of them, or nothing, as there is none. */
  readonly inferred: "latents" | "weights" | "nothing";
  /** d, if its rate is the sum of a closed form for each dimension of z. */
  readonly rateDimensions?: number;
  /** Whether it has log q(z|x) with q's parameters held fixed. */
  readonly holdsPosterior: boolean;
  /** What is computed on the way to the loss, in this order, to look for what went wrong; new tensors, or its parameters. */
  stages(inputs: Readonly<Record<string, Tensor>>, samples: number): readonly Stage[];
  /** From fields [B, …] and noise by name; each z is passed `through`. A pure function: no host reads, no draws. */
  terms(
    inputs: Readonly<Record<string, Tensor>>,
    samples: number,
    through?: (z: Tensor2D) => Tensor2D,
  ): Terms;
}

/** A tensor on the way, and what it likely comes from if it is not finite. */
export interface Stage {
  readonly name: string;
  readonly tensor: Tensor;
  readonly cause: string;
}

/** Which fields a model is about. */
export interface ModelFields {
  /** Of its dataset, x among them. */
  readonly fields: Fields;
  /** y, what x is conditioned on; absent without a condition. */
  readonly given?: Field;
}

/** What a model is built for. */
export interface ModelData extends ModelFields {
  /** The mean of its target over the training examples, [codedSize], where its decoder starts from. */
  readonly averageX: Float32Array;
  /** N, the training examples; absent where none are at hand. */
  readonly trainCount?: number;
  /**
   * Training examples as the model sees them, [count, D], for parts that start from data; absent where none are at hand,
   * as when the weights are to be replaced, and averageX stands in.
   */
  examples?(count: number): Float32Array;
}

/** How large a model is, in numbers of 4 bytes. */
export interface ModelSize {
  /** What is learned. */
  readonly weights: number;
  /** What a step keeps at least for its gradients: for each example, and for each sample of it. */
  readonly perExample: number;
  readonly perSample: number;
}

/** One family of models. */
export interface ModelFamily<Schema extends z.ZodObject = z.ZodObject, M extends Model = Model> {
  /** The section `model:` of a configuration. */
  readonly schema: Schema;
  /** The field that its likelihood is a density for: x, unless it says otherwise. */
  readonly target?: string;
  /** Settings by path whose default is another for such models, where their section has them. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** What a model of these settings will take. Makes no tensors, and is quick whatever the sizes. */
  size(
    config: { readonly model: z.infer<Schema>; readonly likelihood: LikelihoodConfig },
    data: ModelFields,
  ): ModelSize;
  /** Its networks and latents in a few words, such as `mlp 400, latent dimension 20`. */
  describe(config: z.infer<Schema>): string;
  /** Builds a model with fresh weights. */
  create(
    config: { readonly model: z.infer<Schema>; readonly likelihood: LikelihoodConfig },
    data: ModelData,
    random: RandomStream,
  ): M;
}

/** Whether log p(x|·) is what its likelihood computes, so that there are a bound, probabilities and draws. */
export const isDensity = <M extends Model>(model: M): model is M & { likelihood: Density } =>
  model.likelihood.kindOf === "density";
