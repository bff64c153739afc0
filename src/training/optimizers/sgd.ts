import { z } from "zod";
import type { UpdateRule } from "../../backends/index.ts";
import * as tf from "../../tensors/tf.ts";
import { decaySetting, type OptimizerFamily } from "./optimizer.ts";

const schema = z
  .strictObject({
    kind: z.literal("sgd"),
    momentum: decaySetting(
      0.9,
      "share of the velocity that a step keeps: it speeds up where gradients agree; 0 is plain gradient descent",
    ),
    nesterov: z
      .boolean()
      .default(false)
      .describe("whether a step looks ahead along the velocity (Nesterov's momentum), which overshoots less"),
  })
  .describe("stochastic gradient descent: steps in proportion to the gradient");

/**
 * Stochastic gradient descent with momentum μ (Sutskever et al. 2013, with the learning rate outside of the velocity):
 *
 *     u ← μ u + g        θ ← θ − learningRate · u,  with Nesterov's momentum θ ← θ − learningRate · (g + μ u)
 */
export const sgd: OptimizerFamily<typeof schema> = {
  schema,
  create: ({ kind, momentum, nesterov }) => (momentum === 0 ? plain(kind) : heavy(kind, momentum, nesterov)),
};

const plain = (kind: string): UpdateRule<never, "learningRate"> => ({
  kind,
  state: [],
  numbers: ({ learningRate }) => ({ learningRate }),
  update: ({ param, grad, numbers: { learningRate } }) => ({
    param: tf.sub(param, tf.mul(grad, learningRate)),
    state: {},
  }),
});

const heavy = (
  kind: string,
  momentum: number,
  nesterov: boolean,
): UpdateRule<"velocity", "learningRate"> => ({
  kind,
  state: ["velocity"],
  numbers: ({ learningRate }) => ({ learningRate }),
  update({ param, grad, state, numbers: { learningRate } }) {
    const velocity = tf.add(tf.mul(state.velocity, momentum), grad);
    const direction = nesterov ? tf.add(grad, tf.mul(velocity, momentum)) : velocity;
    return { param: tf.sub(param, tf.mul(direction, learningRate)), state: { velocity } };
  },
});
