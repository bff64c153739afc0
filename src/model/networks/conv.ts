import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import type * as tf from "../../tensors/tf.ts";
import { activationSchema, type LayerActivation } from "./activations.ts";
import { convolution, transposedConvolution } from "./convolution.ts";
import { activated, hiddenLayers, hiddenSchema } from "./fullyConnected.ts";
import { biasSpec, denseLayer, kernelSpec, pairs, reshapeLayer, sequential, type Widths } from "./layers.ts";
import { defineNetwork, type Network } from "./network.ts";

/** Each convolution halves height and width, rounding up. */
const STRIDE = 2;

/**
 * Strided convolutions and dense layers to q(z|x); dense layers and transposed convolutions, the mirror image, to
 * p(x|z). A transposed convolution of stride 2 is an upsampling with learned weights: it costs a quarter of a
 * convolution after upsampling, it restores odd sizes exactly, and with an even kernel all pixels see as many weights.
 */
export const conv = defineNetwork({
  schema: z
    .strictObject({
      kind: z.literal("conv"),
      channels: z.array(z.int().positive()).min(1).max(16).default([32, 64]).meta({
        description:
          "channels after each convolution, which halves height and width; the decoder mirrors them",
        flag: "channels",
      }),
      kernel: z
        .int()
        .min(STRIDE)
        .default(4)
        .describe("height and width of the filters; even sizes give smoother images"),
      hidden: hiddenSchema,
      activation: activationSchema,
    })
    .describe("convolutions of stride 2, then dense layers"),

  encoder({ channels, kernel, hidden, activation }, { xShape, outputs }) {
    const { H, W, C, sizes, features } = pyramid(channels, xShape);
    const widths = [features, ...hidden];
    return sequential([
      reshapeLayer(H, W, C),
      ...pairs([C, ...channels]).map((pair, i) =>
        convLayer(`conv${i}`, pair, { kernel, activation, size: sizes[i + 1]! }),
      ),
      reshapeLayer(features),
      ...hiddenLayers(widths, activated(activation)),
      denseLayer("output", [widths.at(-1)!, outputs]),
    ]);
  },

  decoder({ channels, kernel, hidden, activation }, { inputs, xShape, paramChannels: P, initialParams }) {
    const { H, W, C, sizes, smallest, features } = pyramid(channels, xShape);
    const widths = [inputs, ...hidden.toReversed()];
    return sequential([
      ...hiddenLayers(widths, activated(activation)),
      denseLayer("input", [widths.at(-1)!, features], activation),
      reshapeLayer(...smallest),
      ...pairs(channels.toReversed()).map((pair, i) =>
        convUpLayer(`conv${i}`, pair, { kernel, activation, size: sizes.at(-2 - i)! }),
      ),
      // With a bias per pixel, so that decoding starts at the average image.
      convUpLayer("output", [channels[0]!, C * P], {
        kernel,
        activation: "linear",
        size: [H, W],
        initialBias: initialParams,
      }),
      reshapeLayer(H * W * C, P), // [B, H, W, C·P] -> [B, D, P]
    ]);
  },
});

type Size = readonly [height: number, width: number];

/** The images on their way, from x to the smallest. */
function pyramid(channels: readonly number[], xShape: readonly number[]) {
  const [H, W, C] = imageShape(xShape);
  const sizes: Size[] = [[H, W]];
  for (const _ of channels) sizes.push(halved(sizes.at(-1)!));
  const smallest = [...sizes.at(-1)!, channels.at(-1)!] as const;
  return { H, W, C, sizes, smallest, features: smallest[0] * smallest[1] * smallest[2] };
}

const halved = ([height, width]: Size): Size => [Math.ceil(height / STRIDE), Math.ceil(width / STRIDE)];

function imageShape(shape: readonly number[]): [height: number, width: number, channels: number] {
  const [height, width, channels] = shape;
  if (shape.length === 3) return [height!, width!, channels!];
  throw new VaeError(
    "usage",
    `The conv network is for images, [height, width, channels], and x is an array of shape [${shape.join(", ")}]. ` +
      "--network mlp takes any.",
  );
}

// What the weights of one output channel see, and how many outputs of a channel see one input: the stride thins one of the two.
const all = (kernel: number) => kernel ** 2;
const thinned = (kernel: number) => all(kernel) / STRIDE ** 2;

interface ConvSettings {
  /** Height and width of the filters. */
  readonly kernel: number;
  readonly activation: LayerActivation;
  /** Height and width of what comes out. */
  readonly size: Size;
}

/** [B, H, W, from] -> [B, ⌈H/2⌉, ⌈W/2⌉, to] */
function convLayer(
  name: string,
  [from, to]: Widths,
  { kernel, activation, size }: ConvSettings,
): Network<tf.Tensor4D, tf.Tensor4D> {
  const fans = { fanIn: all(kernel) * from, fanOut: thinned(kernel) * to };
  const filter = kernelSpec(name, [kernel, kernel, from, to], fans);
  const bias = biasSpec(name, [to]);
  return {
    weights: [filter, bias],
    kept: size[0] * size[1] * to,
    apply: (weights, x) =>
      convolution(x, weights[filter.name] as tf.Tensor4D, weights[bias.name]!, {
        stride: STRIDE,
        activation,
      }),
  };
}

/** [B, ⌈H/2⌉, ⌈W/2⌉, from] -> [B, H, W, to], [H, W] being `size`. With `initialBias`, [H, W, to], each pixel has a bias. */
function convUpLayer(
  name: string,
  [from, to]: Widths,
  { kernel, activation, size, initialBias }: ConvSettings & { readonly initialBias?: Float32Array },
): Network<tf.Tensor4D, tf.Tensor4D> {
  const fans = { fanIn: thinned(kernel) * from, fanOut: all(kernel) * to };
  const filter = kernelSpec(name, [kernel, kernel, to, from], fans);
  const bias = biasSpec(name, initialBias ? [...size, to] : [to], initialBias);
  return {
    weights: [filter, bias],
    kept: size[0] * size[1] * to,
    apply: (weights, x) =>
      transposedConvolution(x, weights[filter.name] as tf.Tensor4D, weights[bias.name]!, {
        size,
        stride: STRIDE,
        activation,
      }),
  };
}
