import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import { activationSchema, type LayerActivation } from "./activations.ts";
import { convolution, transposedConvolution } from "./convolution.ts";
import { dense } from "./dense.ts";
import { glorotUniform } from "./initializers.ts";
import { defineNetwork } from "./network.ts";

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
      channels: z.array(z.int().positive()).min(1).default([32, 64]).meta({
        description:
          "channels after each convolution, which halves height and width; the decoder mirrors them",
        flag: "channels",
      }),
      kernel: z
        .int()
        .min(STRIDE)
        .default(4)
        .describe("height and width of the filters; even sizes give smoother images"),
      hidden: z.array(z.int().positive()).default([400]).meta({
        description: "widths of the encoder's hidden layers; the decoder mirrors them",
        flag: "hidden",
      }),
      activation: activationSchema,
    })
    .describe("convolutions of stride 2, then dense layers"),

  create({ channels, kernel, hidden, activation }, shape, make, random) {
    const { D, paramChannels: P } = shape;
    const [H, W, C] = imageSize(shape.xShape);
    const sizes = halvings([H, W], channels.length);
    const [height, width] = sizes.at(-1)!; // of the smallest image
    const features = height * width * channels.at(-1)!;

    const encoder = layers(make.encoder, random.fork("encoder"), kernel);
    const down = steps([C, ...channels]).map(([from, to], i) => encoder.conv(`conv${i}`, from, to));
    const squeeze = steps([features, ...hidden]).map(([from, to], i) =>
      encoder.dense(`hidden${i}`, from, to),
    );
    const toPosterior = encoder.dense("output", hidden.at(-1) ?? features, shape.posteriorParams);

    const decoder = layers(make.decoder, random.fork("decoder"), kernel);
    const widths = [shape.latentDim, ...hidden.toReversed()];
    const expand = [
      ...steps(widths).map(([from, to], i) => decoder.dense(`hidden${i}`, from, to)),
      decoder.dense("input", widths.at(-1)!, features),
    ];
    const up = steps(channels.toReversed()).map(([from, to], i) => decoder.convUp(`conv${i}`, from, to));
    // With a bias per pixel, so that decoding starts at the average image.
    const bias = { initial: shape.initialParams, shape: [H, W, C * P] };
    const toImage = decoder.convUp("output", channels[0]!, C * P, bias);

    return {
      encode(x) {
        let image = tf.reshape(x, [-1, H, W, C]) as tf.Tensor4D;
        for (const layer of down) image = layer(image, activation); // [B, h, w, c] -> [B, ⌈h/2⌉, ⌈w/2⌉, c']
        let h = tf.reshape(image, [-1, features]) as tf.Tensor2D;
        for (const layer of squeeze) h = layer(h, activation);
        return toPosterior(h, "linear");
      },
      decode(z) {
        let h = z;
        for (const layer of expand) h = layer(h, activation);
        let image = tf.reshape(h, [-1, height, width, channels.at(-1)!]) as tf.Tensor4D;
        for (const [i, layer] of up.entries()) {
          image = layer(image, sizes.at(-2 - i)!, activation); // [B, ⌈h/2⌉, ⌈w/2⌉, c'] -> [B, h, w, c]
        }
        return tf.reshape(toImage(image, sizes[0]!, "linear"), [-1, D, P]); // [B, H, W, C·P] -> [B, D, P]
      },
    };
  },
});

function imageSize(shape: readonly number[]): readonly [height: number, width: number, channels: number] {
  if (shape.length === 3) return shape as readonly number[] as readonly [number, number, number];
  throw new VaeError(
    "usage",
    `The conv network is for images, and x is an array of shape [${shape.join(", ")}]. --network mlp takes any.`,
  );
}

type Size = readonly [height: number, width: number];

/** `size` and what `count` convolutions of stride 2 make of it. */
function halvings(size: Size, count: number): Size[] {
  const sizes = [size];
  for (let i = 0; i < count; i++) {
    const [height, width] = sizes[i]!;
    sizes.push([Math.ceil(height / STRIDE), Math.ceil(width / STRIDE)]);
  }
  return sizes;
}

/** Neighbours: `[a, b, c]` -> `[[a, b], [b, c]]`. */
const steps = (widths: readonly number[]) =>
  widths.slice(1).map((to, i) => [widths[i]!, to] as [from: number, to: number]);

/** Makers of layers, each with the variables `name.kernel` and `name.bias`. */
function layers(createVariable: CreateVariable, random: RandomStream, size: number) {
  const kernelOf = (name: string, shape: number[], fanIn: number, fanOut: number) => {
    const initial = glorotUniform(random.fork(name), tf.util.sizeFromShape(shape), fanIn, fanOut);
    return createVariable(`${name}.kernel`, initial, shape) as tf.Tensor;
  };
  const biasOf = (name: string, width: number) =>
    createVariable(`${name}.bias`, new Float32Array(width), [width]) as tf.Tensor;
  // What the weights of one output channel see, and how many outputs of a channel see one input: the stride thins one of the two.
  const all = size * size;
  const thinned = all / STRIDE ** 2;

  return {
    /** [B, from] -> [B, to] */
    dense(name: string, from: number, to: number) {
      const kernel = kernelOf(name, [from, to], from, to) as tf.Tensor2D;
      const bias = biasOf(name, to) as tf.Tensor1D;
      return (x: tf.Tensor2D, activation: LayerActivation) => dense(x, kernel, bias, activation);
    },
    /** [B, H, W, from] -> [B, ⌈H/2⌉, ⌈W/2⌉, to] */
    conv(name: string, from: number, to: number) {
      const kernel = kernelOf(name, [size, size, from, to], all * from, thinned * to) as tf.Tensor4D;
      const bias = biasOf(name, to);
      return (x: tf.Tensor4D, activation: LayerActivation) =>
        convolution(x, kernel, bias, { stride: STRIDE, activation });
    },
    /** [B, ⌈H/2⌉, ⌈W/2⌉, from] -> [B, H, W, to] */
    convUp(name: string, from: number, to: number, given?: { initial: Float32Array; shape: number[] }) {
      const kernel = kernelOf(name, [size, size, to, from], thinned * from, all * to) as tf.Tensor4D;
      const bias = given ? createVariable(`${name}.bias`, given.initial, given.shape) : biasOf(name, to);
      return (x: tf.Tensor4D, size: Size, activation: LayerActivation) =>
        transposedConvolution(x, kernel, bias, { size, stride: STRIDE, activation });
    },
  };
}
