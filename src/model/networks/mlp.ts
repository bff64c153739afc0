import { z } from "zod";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import { type Activation, activationSchema } from "./activations.ts";
import { dense } from "./dense.ts";
import { glorotUniform } from "./initializers.ts";
import { defineNetwork } from "./network.ts";

/** Fully connected encoder and its mirror image as decoder; `hidden: []` makes both linear. */
export const mlp = defineNetwork({
  schema: z
    .strictObject({
      kind: z.literal("mlp"),
      hidden: z.array(z.int().positive()).default([400]).meta({
        description: "widths of the encoder's hidden layers; the decoder mirrors them",
        flag: "hidden",
      }),
      activation: activationSchema,
    })
    .describe("fully connected layers"),

  create({ hidden, activation }, shape, make, random) {
    const { D, paramChannels: P } = shape;
    const encoder = stack(make.encoder, random.fork("encoder"), activation, [
      D,
      ...hidden,
      shape.posteriorParams,
    ]);
    const decoder = stack(
      make.decoder,
      random.fork("decoder"),
      activation,
      [shape.latentDim, ...hidden.toReversed(), D * P],
      shape.initialParams,
    );
    return {
      encode: (x) => encoder(x),
      decode: (z) => tf.reshape(decoder(z), [-1, D, P]), // [B, D·P] -> [B, D, P]
    };
  },
});

/** Dense layers of the given widths, named hidden0, hidden1, … and output; the last one is linear. */
function stack(
  createVariable: CreateVariable,
  random: RandomStream,
  activation: Activation,
  widths: readonly number[],
  outputBias?: Float32Array,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const last = widths.length - 2;
  const layers = widths.slice(0, -1).map((fanIn, i) => {
    const fanOut = widths[i + 1]!;
    const name = i === last ? "output" : `hidden${i}`;
    const kernel = glorotUniform(random.fork(name), fanIn * fanOut, fanIn, fanOut);
    const bias = (i === last && outputBias) || new Float32Array(fanOut);
    return {
      kernel: createVariable(`${name}.kernel`, kernel, [fanIn, fanOut]) as tf.Tensor as tf.Tensor2D,
      bias: createVariable(`${name}.bias`, bias, [fanOut]) as tf.Tensor as tf.Tensor1D,
    };
  });
  return (x) =>
    layers.reduce<tf.Tensor2D>(
      (h, { kernel, bias }, i) => dense(h, kernel, bias, i === last ? "linear" : activation), // [B, fanIn] -> [B, fanOut]
      x,
    );
}
