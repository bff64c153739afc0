import { z } from "zod";
import { keptShare } from "../../backends/index.ts";
import * as tf from "../../tensors/tf.ts";
import { adam, adamSettings } from "./adam.ts";
import type { OptimizerFamily } from "./optimizer.ts";

const schema = z
  .strictObject({
    kind: z.literal("adamw"),
    ...adamSettings,
    weightDecay: z
      .number()
      .min(0)
      .default(0.01)
      .describe("λ: each step shrinks every weight by learningRate · λ of it, which holds back overfitting"),
  })
  .describe("Adam with weights that decay towards 0");

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2): θ ← (1 − learningRate · λ) θ, then a step of Adam. The decay is no part
 * of the gradient, so Adam does not scale it. It is that of every parameter, biases and scales included.
 */
export const adamw: OptimizerFamily<typeof schema> = {
  schema,
  create({ kind, weightDecay, ...settings }) {
    const rule = adam.create({ kind: "adam", ...settings });
    return {
      ...rule,
      kind,
      numbers: (at) => ({ ...rule.numbers(at), keep: keptShare({ ...at, weightDecay }) }),
      update: ({ param, ...rest }) => rule.update({ ...rest, param: tf.mul(param, rest.numbers["keep"]!) }),
      adam: { ...settings, weightDecay },
    };
  },
};
