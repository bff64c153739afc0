import { z } from "zod";
import type { UpdateRule } from "../../backends/index.ts";
import * as tf from "../../tensors/tf.ts";
import { decaySetting, type OptimizerFamily } from "./optimizer.ts";

const schema = z
  .strictObject({
    kind: z.literal("adamax"),
    beta1: decaySetting(0.9, "decay of the moving average of gradients: the direction of a step"),
    beta2: decaySetting(0.999, "decay of the largest gradient, by which each weight's steps are scaled"),
    epsilon: z
      .number()
      .positive()
      .default(1e-8)
      .describe("added to the largest gradient, so that a weight without gradients stays where it is"),
  })
  .describe("Adam scaled by the largest recent gradient: steady where gradients are sparse");

/**
 * Adamax (Kingma and Ba 2015, section 7.1), with an ε that keeps 0/0 away:
 *
 *     m ← β₁ m + (1 − β₁) g        u ← max(β₂ u, |g|)        θ ← θ − learningRate / (1 − β₁ᵗ) · m / (u + ε)
 */
export const adamax: OptimizerFamily<typeof schema> = {
  schema,
  create: ({ kind, beta1, beta2, epsilon }): UpdateRule<"m" | "u", "stepSize"> => ({
    kind,
    state: ["m", "u"],
    numbers: ({ learningRate, step }) => ({ stepSize: learningRate / (1 - beta1 ** step) }),
    update({ param, grad, state, numbers: { stepSize } }) {
      const m = tf.add(tf.mul(state.m, beta1), tf.mul(grad, 1 - beta1));
      const u = tf.maximum(tf.mul(state.u, beta2), tf.abs(grad));
      const change = tf.div(tf.mul(m, stepSize), tf.add(u, epsilon));
      return { param: tf.sub(param, change), state: { m, u } };
    },
  }),
};
