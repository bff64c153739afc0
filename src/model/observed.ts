import { z } from "zod";
import { codedSize } from "../data/codedFields.ts";
import type { Field } from "../data/field.ts";
import type { Tensor2D } from "../tensors/tf.ts";
import { type NetworkConfig, networks } from "./networks/index.ts";
import { mlp } from "./networks/mlp.ts";
import type { Network } from "./networks/network.ts";

/** The setting of every family of models that may read what x is conditioned on. */
export const featuresSetting = z
  .int()
  .positive()
  .default(200)
  .describe("with a condition: the numbers that y becomes by a network of its own, which mirrors `network`");

/** [B, values of y] -> [B, features]: the encoder of the model's kind for an image, a dense layer for anything else. */
export function networkOfY(
  { network, conditionFeatures }: { readonly network: NetworkConfig; readonly conditionFeatures: number },
  y: Field,
): Network<Tensor2D, Tensor2D> {
  return y.show === "image"
    ? networks.of(network).encoder(network, { xShape: y.shape, outputs: conditionFeatures })
    : headOf(codedSize(y), conditionFeatures, conditionFeatures);
}

/** One hidden layer between so many numbers: [B, from] -> [B, hidden] -> [B, to]. */
export const headOf = (from: number, hidden: number, to: number): Network<Tensor2D, Tensor2D> =>
  mlp.encoder({ kind: "mlp", hidden: [hidden], activation: "relu" }, { xShape: [from], outputs: to });
