import { z } from "zod";
import { interior } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";

/** From a decoder output to the location parameter of a density on real values. */
interface MeanFunction {
  apply<T extends tf.Tensor>(location: T): T;
  /** The same for one number. */
  onHost(location: number): number;
  inverse(mean: number): number;
}

export const meanFunctions = {
  sigmoid: {
    apply: (location) => tf.sigmoid(location),
    onHost: (location) => 1 / (1 + Math.exp(-location)),
    inverse: (mean) => Math.log(interior(mean) / (1 - interior(mean))),
  },
  linear: {
    apply: (location) => location,
    onHost: (location) => location,
    inverse: (mean) => mean,
  },
} satisfies Record<string, MeanFunction>;

export type MeanConfig = keyof typeof meanFunctions;

export const meanSchema = z
  .enum(["sigmoid", "linear"])
  .default("sigmoid")
  .describe("how the decoder's output becomes the mean: `sigmoid` keeps it in [0, 1], where the pixels are");
