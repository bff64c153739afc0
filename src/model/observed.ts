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

/** [B, values of y] -> [B, features]: the encoder of the model's kind, but dense layers where y is no image for convolutions. */
export function networkOfY(
  { network, conditionFeatures }: { readonly network: NetworkConfig; readonly conditionFeatures: number },
  y: Field,
): Network<Tensor2D, Tensor2D> {
  const sizes = { xShape: y.show === "image" ? y.shape : [codedSize(y)], outputs: conditionFeatures };
  if (network.kind !== "conv" || y.show === "image") return networks.of(network).encoder(network, sizes);
  const { hidden, activation } = network;
  return mlp.encoder({ kind: "mlp", hidden, activation }, sizes);
}

/** One hidden layer between so many numbers: [B, from] -> [B, hidden] -> [B, to]. */
export const headOf = (from: number, hidden: number, to: number): Network<Tensor2D, Tensor2D> =>
  mlp.encoder({ kind: "mlp", hidden: [hidden], activation: "relu" }, { xShape: [from], outputs: to });
