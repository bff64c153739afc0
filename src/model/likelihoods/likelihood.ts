import type { z } from "zod";
import type { Support } from "../../data/support.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from "../../tensors/tf.ts";
import type { PixelDistribution } from "./pixelDistribution.ts";

/** The parts that −log p(x|z) is made of; a likelihood has some of them. */
export type TermName =
  | "error" // what depends on the residual: SSE / 2σ², SAE / b and their like
  | "logScale" // Σ log of the scale, which keeps a learned scale from growing
  | "constant" // what depends on nothing that is learned
  | "crossEntropy"
  | "squaredError"
  | "normaliser" // what cross-entropy lacks on [0, 1]
  | "innerLevels" // bins of finite width
  | "outerLevels"; // bins that reach to −∞ and ∞

/**
 * What the decoder's outputs mean for the D = H·W·C values of an image, one value independent of the other.
 * B images at a time, P decoder outputs per value. x is what the pixel coding makes of a byte: 0 is black, 1 is white.
 */
interface Decoding {
  /** P, the decoder outputs per pixel and channel. */
  readonly paramChannels: number;
  /**
   * What training maximises: log p(x|z) with every constant, in nats per image (summed over the D values).
   * `params` [B, D, P], `x` [B, D] -> [B].
   */
  logProb(params: Tensor3D, x: Tensor2D): Tensor1D;
  /**
   * −log p(x|z) taken apart: nats for each value, [B, D] each, that add up to minus `logProb` over parts and values. For
   * people; training takes the sum in fewer operations.
   */
  terms(params: Tensor3D, x: Tensor2D): Readonly<Partial<Record<TermName, Tensor2D>>>;
  /** E[x|z], what a picture of a decoded image shows. [B, D, P] -> [B, D]. */
  mean(params: Tensor3D): Tensor2D;
  /** A draw x ~ p(x|z), noise included. [B, D, P] -> [B, D]. */
  sample(params: Tensor3D, random: RandomStream): Tensor2D;
}

/**
 * The P decoder outputs for a value -> its distribution. `widened` multiplies the scale, to ask what another one would
 * have given; without a scale it does nothing.
 */
export type HostDensity = (params: ArrayLike<number>, widened?: number) => PixelDistribution;

/** p(x|z): a normalised density. */
export interface Density extends Decoding {
  readonly kindOf: "density";
  /**
   * The standard deviation of the noise in units of x, of one component of a mixture, for logs; absent where it is not
   * one number. Where the family calls another number its scale, this is still the standard deviation.
   */
  sigma?(): Scalar;
  /**
   * The share of the learned scales that are within 10 % of their lower bound, in [0, 1]: where it is not small, the
   * bound and not the data decides. Absent where no scale has a bound. [B, D, P] -> scalar.
   */
  scaleAtFloor?(params: Tensor3D): Scalar;
  /**
   * The same density in float64, for one value x at a time. Waits for the device once, to read what is learned beside
   * the decoder.
   */
  onHost(): Promise<HostDensity>;
  /** Whether its noise has a scale, as nearly all densities of real values do. */
  readonly hasScale: boolean;
}

/**
 * A reconstruction loss that no density belongs to. `logProb` is minus the loss, so that it trains like any other; it
 * has no base measure and no unit, and ELBO, NLL, bits and draws do not exist. `sample` returns the mean.
 */
export interface Loss extends Decoding {
  readonly kindOf: "loss";
  readonly sigma?: never;
  readonly scaleAtFloor?: never;
}

export type Likelihood = Density | Loss;

/**
 * One family of densities. Adding one: a file that exports this object, its line in `index.ts`, a row in the
 * contract table `test/likelihoods/rows.ts`, and its words for people in `src/explain/reductions`.
 */
export interface LikelihoodFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `likelihood:` of a configuration. */
  readonly schema: Schema;
  /** Reports print ELBO, NLL and bits of a density only. */
  readonly kindOf: Likelihood["kindOf"];
  /** The one place for what people read of it: help, the README's table and `vae explain` take it from here. */
  readonly words: LikelihoodWords;
  /** What the symbols of the formula are set to, as `σ = 0.1`. */
  settings(config: z.infer<Schema>): string;
  /** The values that this is a density for; the measure it is taken against follows from them. */
  support(config: z.infer<Schema>): Support;
  /** Decoder biases [D, P] at which the mean is the average image, so that training starts from there. */
  initialParams(config: z.infer<Schema>, averageImage: Float32Array): Float32Array;
  create(config: z.infer<Schema>, createVariable: CreateVariable): Likelihood;
}

export interface LikelihoodWords {
  readonly summary: string;
  /** log p(x|z) of one value x; of a bare loss, the loss. */
  readonly formula: string;
  /** The loss that people know it by. */
  readonly familiar: string;
}

/** Gives a family's file its types, and its words to its section of the configuration. */
export function defineLikelihood<const Schema extends z.ZodObject>(
  family: LikelihoodFamily<Schema>,
): LikelihoodFamily<Schema> {
  const { summary, ...words } = family.words;
  return { ...family, schema: family.schema.meta({ description: summary, ...words }) };
}

/** `log p(x|z) = …`, or of a bare loss `loss = …`. */
export const formulaOf = ({ kindOf, words }: Pick<LikelihoodFamily, "kindOf" | "words">): string =>
  `${kindOf === "loss" ? "loss" : "log p(x|z)"} = ${words.formula}`;
