import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import { fullyConnectedDecoder, fullyConnectedEncoder, hiddenSchema } from "./fullyConnected.ts";
import { denseLayer, type Widths } from "./layers.ts";
import { defineNetwork, type Network } from "./network.ts";

/**
 * Multilayer perceptrons with gated linear units: h = (W₁x + b₁) ⊙ sigmoid(W₂x + b₂) (Dauphin et al. 2017, "Language
 * modeling with gated convolutional networks", eq. 1; for VAEs Tomczak and Welling 2018, "VAE with a VampPrior").
 */
export const gatedMlp = defineNetwork({
  schema: z
    .strictObject({
      kind: z.literal("gated-mlp"),
      hidden: hiddenSchema,
    })
    .describe("fully connected layers of which each output is multiplied by a learned gate between 0 and 1"),
  encoder: ({ hidden }, sizes) => fullyConnectedEncoder(hidden, sizes, gatedLayer),
  decoder: ({ hidden }, sizes) => fullyConnectedDecoder(hidden, sizes, gatedLayer),
});

/** [B, from] -> [B, to]; W₁ is `name.kernel`, and W₂ `name.gate.kernel`. */
function gatedLayer(name: string, widths: Widths): Network<tf.Tensor2D, tf.Tensor2D> {
  const [value, gate] = [denseLayer(name, widths), denseLayer(`${name}.gate`, widths)];
  return {
    weights: [...value.weights, ...gate.weights],
    kept: value.kept + gate.kept + 2 * widths[1],
    apply: (weights, x) => tf.mul(value.apply(weights, x), tf.sigmoid(gate.apply(weights, x))),
  };
}
