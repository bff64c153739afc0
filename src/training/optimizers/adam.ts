import { z } from "zod";
import type { UpdateRule } from "../../backends/index.ts";
import * as tf from "../../tensors/tf.ts";
import { decaySetting, type OptimizerFamily } from "./optimizer.ts";

/** The settings that Adam shares with AdamW. */
export const adamSettings = {
  beta1: decaySetting(
    0.9,
    "decay of the moving average of gradients, the first moment: the direction of a step",
  ),
  beta2: decaySetting(0.999, "decay of the second moment, by which each weight's steps are scaled"),
  epsilon: z
    .number()
    .positive()
    .default(1e-8)
    .describe("added to the root of the second moment, so that small gradients make no large steps"),
};

const schema = z
  .strictObject({ kind: z.literal("adam"), ...adamSettings })
  .describe("steps of about the learning rate for each weight, whatever its gradients' size");

/**
 * Adam (Kingma and Ba 2015, algorithm 1):
 *
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     θ ← θ − learningRate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
 */
export const adam: OptimizerFamily<typeof schema> = {
  schema,
  create: ({ kind, ...constants }): UpdateRule<"m" | "v", "stepSize" | "unbias"> => {
    const { beta1, beta2, epsilon } = constants;
    return {
      kind,
      state: ["m", "v"],
      numbers: ({ learningRate, step }) => ({
        stepSize: learningRate / (1 - beta1 ** step),
        unbias: 1 / (1 - beta2 ** step),
      }),
      update({ param, grad, state, numbers: { stepSize, unbias } }) {
        const m = tf.add(tf.mul(state.m, beta1), tf.mul(grad, 1 - beta1));
        const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(grad), 1 - beta2));
        const deviation = tf.sqrt(tf.mul(v, unbias));
        const change = tf.div(tf.mul(m, stepSize), tf.add(deviation, epsilon));
        return { param: tf.sub(param, change), state: { m, v } };
      },
      adam: constants,
    };
  },
};
