import type { PixelCoding } from "../data/codings.ts";

/** What the page is given of a run: all that it shows and computes with. */
export interface PageData {
  readonly title: string;
  readonly run: string;
  readonly checkpoint: string;
  /** `log p(x|z) = …` with its settings. */
  readonly formula: string;
  /** Of a bare loss there are no nats and no ELBO. */
  readonly isDensity: boolean;
  readonly numbers: SplitNumbers;
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  /** How pixels of the user's become x, and the level that is white. */
  readonly coding: PixelCoding;
  readonly white: number;
  /** The classes y of a run that is conditioned on them, which every program then takes as its last input, one-hot, [1, K]. */
  readonly given?: { readonly names: readonly string[] };
  readonly latentDim: number;
  /** Whether the prior is N(0, I). */
  readonly isNormalPrior: boolean;
  /** The mean of the prior, [d]; of one that depends on y, of z over images. */
  readonly origin: Numbers32;
  readonly units: readonly Unit[];
  /** What the units are ordered by. */
  readonly unitsBy: string;
  readonly map: LatentMap;
  readonly examples: Examples;
  readonly noise?: NoiseScales;
  /** Formulas of the parts that −log p(x|z) is made of, as `score` gives them. */
  readonly terms: readonly string[];
  /** S, the draws of z that `score` takes. */
  readonly draws: number;
  readonly programs: Readonly<Record<ProgramName, Program>>;
  readonly constants: readonly StoredConstant[];
}

/** Float32 values, little-endian, in base64. */
export type Numbers32 = string;

/** Of a split, in nats per image where it is of a density. */
export interface SplitNumbers {
  readonly of: string;
  readonly distortion: number;
  readonly rate: number;
}

/** A dimension of z; `mean` and `deviation` are the prior's, or of z over images under one that is not N(0, I). */
export interface Unit {
  readonly unit: number;
  readonly active: boolean;
  /** What it tells: its KL or Var E[z|x]. */
  readonly tells: number;
  readonly mean: number;
  readonly deviation: number;
}

/** Where images lie in latent space. */
export interface LatentMap {
  readonly count: number;
  /** E[z|x], [count, d]. */
  readonly means: Numbers32;
  /** The first two principal components of the means, [2, d], and their shares; absent in one or two dimensions. */
  readonly components?: {
    readonly center: Numbers32;
    readonly directions: Numbers32;
    readonly shares: readonly number[];
  };
  readonly classes?: {
    readonly labels: readonly number[];
    readonly names: readonly string[];
    readonly colors: readonly string[];
  };
}

/** Images of the test split as the run's evaluation sees them, [count, D]. */
export interface Examples {
  readonly split: string;
  readonly count: number;
  readonly x: Numbers32;
  /** Their classes, by their places in `names`. */
  readonly classes?: { readonly labels: readonly number[]; readonly names: readonly string[] };
}

/** What the images of a split cost at other scales of the noise, with the weights as they are. */
export interface NoiseScales {
  readonly symbol: string;
  readonly images: number;
  readonly scales: readonly number[];
  /** Of each scale: −log p(x|z), one draw of z for each image. */
  readonly distortion: readonly number[];
  /** Of the same images. */
  readonly rate: number;
  /** The place of the run's own scale. */
  readonly own: number;
  /** Whether scales are multiples of σ(z), of which there is one for each value. */
  readonly isFactor: boolean;
  /** Of each scale: the weight w of `error + w·KL` that has the same best weights. */
  readonly equal?: { readonly error: string; readonly weights: readonly number[] };
  /** Noise at scale 1, [D], of which x is E[x|z] and a multiple; absent where the scale is not one number for all that x is. */
  readonly standard?: Numbers32;
}

/**
 * Functions of arrays of fixed shapes:
 * - `decode`: z [1, d] -> E[x|z] [1, D]
 * - `encode`: x [1, D] -> E[z|x] [1, d]
 * - `score`: x [1, D] and standard normal noise [S, d] -> the `terms` of −log p(x|z), [S] each, and the rate, [S]
 */
export type ProgramName = "decode" | "encode" | "score";

/**
 * Calls of kernels of TensorFlow.js in their order. Places are names of values: c0, c1 … of the constants, and others of inputs
 * and results.
 */
export interface Program {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly place: string }[];
  readonly calls: readonly {
    readonly kernel: string;
    readonly inputs: Readonly<Record<string, string>> | readonly string[];
    readonly attrs: Readonly<Record<string, unknown>>;
    readonly outputs: readonly string[];
  }[];
  readonly outputs: readonly string[];
}

export interface StoredConstant {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly data: Numbers32;
}
