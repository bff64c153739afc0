import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import type { Activation } from "./activations.ts";
import { denseLayer, pairs, reshapeLayer, sequential, type Widths } from "./layers.ts";
import type { DecoderSizes, EncoderSizes, Network } from "./network.ts";

export const hiddenSchema = z.array(z.int().positive()).max(100).default([400]).meta({
  description: "widths of the encoder's hidden layers; the decoder mirrors them",
  flag: "hidden",
});

/** Makes a hidden layer [B, from] -> [B, to] by its name. */
type HiddenLayer = (name: string, widths: Widths) => Network<tf.Tensor2D, tf.Tensor2D>;

/** h = f(Wx + b) */
export const activated =
  (activation: Activation): HiddenLayer =>
  (name, widths) =>
    denseLayer(name, widths, activation);

/** Layers of the given widths, the first of which is that of their input: hidden0, hidden1, … */
export const hiddenLayers = (widths: readonly number[], layer: HiddenLayer) =>
  pairs(widths).map((pair, i) => layer(`hidden${i}`, pair));

/** Hidden layers, then a linear one; `hidden: []` makes it linear. */
export function fullyConnectedEncoder(
  hidden: readonly number[],
  { xShape, outputs }: EncoderSizes,
  layer: HiddenLayer,
): Network<tf.Tensor2D, tf.Tensor2D> {
  const widths = [tf.util.sizeFromShape([...xShape]), ...hidden];
  return sequential([...hiddenLayers(widths, layer), denseLayer("output", [widths.at(-1)!, outputs])]);
}

/** Its mirror image. */
export function fullyConnectedDecoder(
  hidden: readonly number[],
  { inputs, xShape, paramChannels: P, initialParams }: DecoderSizes,
  layer: HiddenLayer,
): Network<tf.Tensor2D, tf.Tensor3D> {
  const D = tf.util.sizeFromShape([...xShape]);
  const widths = [inputs, ...hidden.toReversed()];
  return sequential([
    ...hiddenLayers(widths, layer),
    denseLayer("output", [widths.at(-1)!, D * P], "linear", initialParams),
    reshapeLayer(D, P),
  ]);
}
