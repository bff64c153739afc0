import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import type { Widths } from "../networks/layers.ts";
import type { LayerPrior } from "./layer.ts";

export const weightPriorSchema = z
  .strictObject({
    scale: z
      .union([z.number().positive(), z.array(z.number().positive()).min(1).max(101)])
      .default(1)
      .describe(
        "s of the prior N(0, s²) of the weights; a list gives each layer its own, the first layer first",
      ),
    learned: z
      .boolean()
      .default(true)
      .describe(
        "whether s is learned, one for each layer (empirical Bayes), from `scale` on; false keeps it",
      ),
    fanIn: z
      .boolean()
      .default(true)
      .describe("whether s of a kernel is divided by √(inputs of its layer); biases keep s"),
  })
  .describe("p(w) = N(0, s²)");

export type WeightPriorConfig = z.infer<typeof weightPriorSchema>;

/** The prior of each layer, as a function, as what is learned of it may change. */
export function weightPriors(
  { scale, learned, fanIn }: WeightPriorConfig,
  layers: readonly Widths[],
  createVariable: CreateVariable,
): (() => LayerPrior)[] {
  if (Array.isArray(scale) && scale.length !== layers.length) {
    throw new VaeError(
      "usage",
      `model.weights.prior.scale has ${scale.length} numbers, and the network has ${layers.length} ` +
        `${layers.length === 1 ? "layer" : "layers"} with weights. Accepted: one number, or one for each layer.`,
    );
  }
  return layers.map(([from], i) => {
    const start = Math.log(Array.isArray(scale) ? scale[i]! : scale);
    const variable = learned && createVariable(`layer${i}.logScale`, Float32Array.of(start), []);
    return () => {
      const bias = (variable ? tf.add(variable, 0) : tf.scalar(start)) as tf.Scalar;
      return { bias, kernel: tf.sub(bias, fanIn ? 0.5 * Math.log(from) : 0) };
    };
  });
}
