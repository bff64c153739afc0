import type { Config } from "../config/schema.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ExactLatents } from "../evaluation/exactLatents.ts";
import type { Model } from "../model/model.ts";
import type { ExactWeights } from "./sections/exactWeights.ts";

/** A model with its data, whose loss is to be explained. */
export interface Subject {
  readonly config: Config;
  /** `dataset.pixels` as the user gave it. */
  readonly pixels: string;
  readonly coding: PixelCoding;
  readonly dataset: Dataset;
  readonly model: Model;
  /** Whose weights these are, in words. */
  readonly weights: string;
  /** Whether they are trained, so that their residuals say something. */
  readonly trained?: boolean;
  /** Of a trained model of which all is known exactly: the gap of its bound, for its weights or for its latents. */
  readonly exactWeights?: ExactWeights;
  readonly exactLatents?: ExactLatents;
}
