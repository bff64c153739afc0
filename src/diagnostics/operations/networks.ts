import type { Activation } from "../../model/networks/activations.ts";
import { type NetworkConfig, networkSchema, networks } from "../../model/networks/index.ts";
import type { Network } from "../../model/networks/network.ts";
import type * as tf from "../../tensors/tf.ts";
import {
  conv2d,
  conv2dTranspose,
  map,
  matMul,
  type Reference,
  sigmoid,
  softplus,
  zip,
} from "../reference.ts";
import type { OperationCase } from "./operation.ts";

/** Of the images, and what two convolutions of stride 2 make of it. */
const SIZES = [
  [5, 6],
  [3, 3],
  [2, 2],
] as const; // prettier-ignore
const [HEIGHT, WIDTH] = SIZES[0];
const D = HEIGHT * WIDTH;
const P = 2;
const LATENT_DIM = 3;
const B = 2;

const activations: Record<Activation, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
  softplus,
};

/** By the names of their weights without `.kernel` and `.bias`. */
type Layers = Record<string, Record<"kernel" | "bias", Reference>>;

type Part = "encoder" | "decoder";

/**
 * Encoder and decoder of every network with every activation that it can have: whatever kernels their layers take on a
 * backend, alone or several in one. Small, as the operations that they consist of are tried at larger sizes.
 */
export const networkCases: readonly OperationCase[] = networkSchema.options.flatMap(({ shape }) => {
  const sizes = { hidden: [6], ...("channels" in shape && { channels: [2, 3] }) };
  const choices =
    "activation" in shape ? Object.keys(activations).map((activation) => ({ activation })) : [{}];
  return choices
    .map((choice) => networkSchema.parse({ kind: shape.kind.value, ...sizes, ...choice }))
    .flatMap((config) => [networkCase(config, "encoder"), networkCase(config, "decoder")]);
});

/** One of the two, as a function of its input and of its weights. */
function networkCase(config: NetworkConfig, part: Part): OperationCase {
  const network = build(config, part);
  const names = network.weights.map(({ name }) => name);
  const activation = "activation" in config ? config.activation : undefined;
  return {
    name: [config.kind, ...(activation ? [activation] : []), part].join(", "),
    shapes: [[B, part === "encoder" ? D : LATENT_DIM], ...network.weights.map(({ shape }) => [...shape])],
    run: (x, ...weights) =>
      network.apply(Object.fromEntries(names.map((name, i) => [name, weights[i]!])), x as tf.Tensor2D),
    expected(x, ...weights) {
      const layers: Layers = {};
      for (const [i, name] of names.entries()) {
        const dot = name.lastIndexOf(".");
        const [layer, role] = [name.slice(0, dot), name.slice(dot + 1) as "kernel" | "bias"];
        layers[layer] = { ...layers[layer]!, [role]: weights[i]! };
      }
      const { shape, data } = through(layers, x!, activation, part);
      return { shape: part === "encoder" ? shape : [B, D, P], data };
    },
    scale: 0.3, // tanh would be ±1 and without a slope otherwise
  };
}

function build(config: NetworkConfig, part: Part): Network<tf.Tensor2D> {
  const family = networks.of(config);
  const xShape = [HEIGHT, WIDTH, 1];
  if (part === "encoder") return family.encoder(config, { xShape, outputs: 2 * LATENT_DIM });
  const initialParams = new Float32Array(D * P);
  return family.decoder(config, { inputs: LATENT_DIM, xShape, paramChannels: P, initialParams });
}

/** The layers in the order in which they are made, each with its gate; a kernel of rank 4 is a convolution's. */
function through(
  layers: Layers,
  input: Reference,
  activation: Activation | undefined,
  part: Part,
): Reference {
  const sizes = part === "encoder" ? [...SIZES] : SIZES.toReversed();
  const product = (h: Reference, kernel: Reference): Reference => {
    if (kernel.shape.length === 2) return matMul({ shape: [B, kernel.shape[0]!], data: h.data }, kernel);
    const [from, to] = [sizes.shift()!, sizes[0]!];
    const images = (channels: number) => ({ shape: [B, ...from, channels], data: h.data });
    return part === "encoder"
      ? conv2d(2)(images(kernel.shape[2]!), kernel)
      : conv2dTranspose(2, to)(images(kernel.shape[3]!), kernel);
  };
  const affine = (h: Reference, { kernel, bias }: Layers[string]) =>
    zip((y, b) => y + b)(product(h, kernel), bias);
  const names = Object.keys(layers).filter((name) => !name.endsWith(".gate"));
  return names.reduce((h, name) => {
    const [y, gate] = [affine(h, layers[name]!), layers[`${name}.gate`]];
    if (gate) return zip((y, g) => y * sigmoid(g))(y, affine(h, gate));
    return name === "output" || !activation ? y : map(activations[activation])(y);
  }, input);
}
