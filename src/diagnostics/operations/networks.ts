import { type NetworkConfig, networkSchema, networks } from "../../model/networks/index.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import { RandomStream } from "../../tensors/random.ts";
import type * as tf from "../../tensors/tf.ts";
import { conv2d, conv2dTranspose, map, matMul, type Reference, softplus, zip } from "../reference.ts";
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

const activations: Record<NetworkConfig["activation"], (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
  softplus,
};

type Layers = Record<string, Record<"kernel" | "bias", Reference>>;

type Part = "encode" | "decode";

/**
 * Encoder and decoder of every network with every activation: whatever kernels their layers take on a backend, alone or
 * several in one. Small, as the operations that they consist of are tried at larger sizes.
 */
export const networkCases: readonly OperationCase[] = networkSchema.options.flatMap(({ shape }) =>
  (Object.keys(activations) as NetworkConfig["activation"][]).flatMap((activation) => {
    const sizes = { hidden: [6], ...("channels" in shape && { channels: [2, 3] }) };
    const config = networkSchema.parse({ kind: shape.kind.value, activation, ...sizes });
    return [networkCase(config, "encode"), networkCase(config, "decode")];
  }),
);

/** One of the two, as a function of its input and of its weights. */
function networkCase(config: NetworkConfig, part: Part): OperationCase {
  const names: string[] = [];
  const shapes: number[][] = [];
  build(config, part, (name, _initial, shape) => {
    names.push(name);
    shapes.push(shape);
    return undefined as never; // this network is not run
  });
  return {
    name: `${config.kind}, ${config.activation}, ${part}r`,
    shapes: [part === "encode" ? [B, D] : [B, LATENT_DIM], ...shapes],
    run(x, ...variables) {
      const network = build(config, part, (name) => variables[names.indexOf(name)] as tf.Variable);
      return network[part](x as tf.Tensor2D);
    },
    expected(x, ...variables) {
      const layers: Layers = {};
      for (const [i, name] of names.entries()) {
        const [layer, role] = name.split(".") as [string, "kernel" | "bias"];
        layers[layer] = { ...layers[layer]!, [role]: variables[i]! };
      }
      const { shape, data } = through(layers, x!, config.activation, part);
      return { shape: part === "encode" ? shape : [B, D, P], data };
    },
    scale: 0.3, // tanh would be ±1 and without a slope otherwise
  };
}

function build(config: NetworkConfig, part: Part, createVariable: CreateVariable) {
  const none: CreateVariable = () => undefined as never; // of the other part, which is not run
  return networks.of(config).create(
    config,
    {
      xShape: [HEIGHT, WIDTH, 1],
      D,
      latentDim: LATENT_DIM,
      posteriorParams: 2 * LATENT_DIM,
      paramChannels: P,
      initialParams: new Float32Array(D * P),
    },
    part === "encode"
      ? { encoder: createVariable, decoder: none }
      : { encoder: none, decoder: createVariable },
    new RandomStream("doctor"),
  );
}

/** The layers in the order in which they are made; a kernel of rank 4 is a convolution's. */
function through(
  layers: Layers,
  input: Reference,
  activation: NetworkConfig["activation"],
  part: Part,
): Reference {
  const sizes = part === "encode" ? [...SIZES] : SIZES.toReversed();
  const apply = (h: Reference, kernel: Reference): Reference => {
    if (kernel.shape.length === 2) return matMul({ shape: [B, kernel.shape[0]!], data: h.data }, kernel);
    const [from, to] = [sizes.shift()!, sizes[0]!];
    const images = (channels: number) => ({ shape: [B, ...from, channels], data: h.data });
    return part === "encode"
      ? conv2d(2)(images(kernel.shape[2]!), kernel)
      : conv2dTranspose(2, to)(images(kernel.shape[3]!), kernel);
  };
  const last = Object.keys(layers).length - 1;
  return Object.values(layers).reduce((h, { kernel, bias }, i) => {
    const y = zip((y, b) => y + b)(apply(h, kernel), bias);
    return i === last ? y : map(activations[activation])(y);
  }, input);
}
