import { z } from "zod";
import * as tf from "../tf.ts";

/** From a decoder output to the location parameter of a density on real values. */
export type MeanFunction = (location: tf.Tensor2D) => tf.Tensor2D;

/** Keeps the first location finite where a pixel is always black or white. */
const clip = (mean: number) => Math.min(0.999, Math.max(0.001, mean));

export const meanFunctions = {
  sigmoid: { apply: tf.sigmoid, inverse: (mean: number) => Math.log(clip(mean) / (1 - clip(mean))) },
  linear: { apply: (location: tf.Tensor2D) => location, inverse: (mean: number) => mean },
} satisfies Record<string, { apply: MeanFunction; inverse: (mean: number) => number }>;

export const meanSchema = z
  .enum(["sigmoid", "linear"])
  .default("sigmoid")
  .describe("how the decoder's output becomes the mean: `sigmoid` keeps it in [0, 1], where the pixels are");
