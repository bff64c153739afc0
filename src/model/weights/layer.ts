import type { z } from "zod";
import type { WeightSpec, Weights } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import type { Widths } from "../networks/layers.ts";
import type { NoiseDraw } from "../noise.ts";

/** log s of the prior N(0, s²) of a layer's kernel, and of its biases. */
export interface LayerPrior {
  readonly kernel: tf.Scalar;
  readonly bias: tf.Scalar;
}

/** The weights of a layer as numbers that have a distribution, the biases as the last row: [from + 1, to] each. */
export interface LayerMoments {
  readonly mean: tf.Tensor2D;
  /** Absent where the weights are a point. */
  readonly deviation?: tf.Tensor2D;
  /** Of all of them, row-major, [n, n] with n = (from + 1) · to; absent where they are independent. */
  readonly covariance?: tf.Tensor2D;
}

/** Where a layer's values come from. */
interface Drawn {
  readonly weights: Weights;
  /** By the names of its draws. */
  readonly noise: Readonly<Record<string, tf.Tensor>>;
  /** K; the rows of x are K·B, sample by sample. */
  readonly samples: number;
}

/** A dense layer whose weights w have a distribution q(w). It holds no numbers of its own. */
export interface BayesianLayer {
  /** What q has to learn. */
  readonly specs: readonly WeightSpec[];
  /** Standard normals for a draw of it. */
  readonly noise: readonly NoiseDraw[];
  /** x·W + b with w ~ q for each row, [K·B, from] -> [K·B, to]. A pure function. */
  apply(x: tf.Tensor2D, drawn: Drawn): tf.Tensor2D;
  /** KL(q(w) ‖ p(w)) in nats, all weights of the layer together; of a point −log p(w). */
  rate(weights: Weights, prior: LayerPrior): tf.Scalar;
  /** What is known of the weights, for pictures and closed forms: of one component, where q is a mixture. */
  moments(weights: Weights, component: number): LayerMoments;
}

/** How a layer is made. */
export interface LayerOptions {
  readonly name: string;
  readonly widths: Widths;
  /** Of the biases, where they do not start at 0. */
  readonly initialBias?: Float32Array;
}

/** A family of distributions over the weights of a network: a file that exports this, and its line in `index.ts`. */
export interface WeightPosteriorFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `model.weights.posterior:` of a Bayesian network. */
  readonly schema: Schema;
  /** How many distributions q is a mixture of, if it is one: samples of a row then come in multiples of it. */
  components?(config: z.infer<Schema>): number;
  /** A layer; the last of a network may be another than those before it. */
  layer(config: z.infer<Schema>, options: LayerOptions, isLast: boolean): BayesianLayer;
}

/** Gives a file its types. */
export const defineWeightPosterior = <const Schema extends z.ZodObject>(
  family: WeightPosteriorFamily<Schema>,
): WeightPosteriorFamily<Schema> => family;

/** [from, to] and [to] as one matrix, the second as its last row. */
export const stacked = (kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D =>
  tf.concat([kernel, tf.expandDims<tf.Tensor2D>(bias, 0)], 0);
