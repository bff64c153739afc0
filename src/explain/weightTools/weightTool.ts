import type { WeightPosteriorConfig } from "../../model/weights/index.ts";
import { number } from "../numbers.ts";

/** A Bayesian network as its loss is written elsewhere: `error + weight · KL`, the error a mean over rows. */
export interface WeightedKl {
  readonly posterior: WeightPosteriorConfig;
  /** What the error is called, such as MSE, of standardised targets. */
  readonly error: string;
  /** What the whole KL is multiplied with beside that mean. */
  readonly weight: number;
  /** What that weight is, in symbols. */
  readonly formula: string;
  /** N and B. */
  readonly rows: number;
  readonly batchSize: number;
  /** s of each layer: of its kernel, and of its biases. */
  readonly scales: readonly { readonly kernel: number; readonly bias: number }[];
}

/** A library of layers with distributions over their weights. */
export interface WeightTool {
  readonly title: string;
  /** Its repository and what was read of it. */
  readonly source: string;
  /** The settings that are the same model, or why there are none. */
  express(of: WeightedKl): { readonly settings: string } | { readonly reason: string };
  /** What its examples and defaults do with KL / N. */
  difference(of: WeightedKl): string;
}

/** Whether kernels and biases of each layer share one s. */
export const sharesScale = ({ scales }: WeightedKl) =>
  scales.every(({ kernel, bias }) => Math.abs(kernel / bias - 1) < 1e-6);

/** Why a library with one s for a layer has not the prior of ours. */
export const ONE_SCALE =
  "one s for kernel and biases of a layer, and here they differ; with model.weights.prior.fanIn false it can be written";

/** Why a library with a mean field alone has not that posterior. */
export const otherPosterior = ({ posterior: { kind } }: WeightedKl): string | undefined =>
  kind === "meanField"
    ? undefined
    : kind === "point"
      ? "its weights always have a width; a point is an ordinary network with weight decay"
      : "no covariance between weights";

/** How much more a whole KL beside the error counts. */
export const unweighed = ({ weight }: WeightedKl): string =>
  weight > 0 ? `${number(1 / weight)} times the KL of this loss` : "and this loss has none";
