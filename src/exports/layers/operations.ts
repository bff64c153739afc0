import * as tf from "../../tensors/tf.ts";
import { type Constant, isConstant, type Operation, type Value } from "../graph.ts";
import type { LayerMaker } from "./layerMaker.ts";

/** What no standard layer says; the message tells what. */
export class NoLayer extends Error {}

/** An operation as layers: its inputs as layers have them -> its outputs. */
type Translate = (
  operation: Operation,
  of: (value: Value) => tf.SymbolicTensor,
  maker: LayerMaker,
) => tf.SymbolicTensor[];

type Activation = NonNullable<Parameters<tf.StandardLayers["activation"]>[0]["activation"]>;

const activation =
  (kind: Activation): Translate =>
  ({ inputs }, of, maker) => [
    maker.apply(
      (name) => tf.layers().layers.activation({ activation: kind, name }),
      kind,
      of(onlyOf(inputs)),
    ),
  ];

/** The kernels that layers can say, by their names. */
export const operations: Readonly<Record<string, Translate>> = {
  Relu: activation("relu"),
  Elu: activation("elu"),
  Tanh: activation("tanh"),
  Softplus: activation("softplus"),
  Sigmoid: activation("sigmoid"),
  Softmax: activation("softmax"), // TensorFlow.js has it of the last dimension alone

  _FusedMatMul({ inputs, attrs }, of, maker) {
    const { a, b, bias } = inputs;
    if (attrs["transposeA"] || attrs["transposeB"]) throw new NoLayer("no layer transposes its weights");
    return [dense(of(a!), constant(b!), constant(bias!), maker)];
  },
  Conv2D({ inputs, attrs }, of, maker) {
    const filter = constant(inputs["filter"]!);
    const make = (name: string) => tf.layers().layers.conv2d({ ...convolution(filter, 3, attrs), name });
    return [maker.apply(make, layerName(filter, "convolution"), of(inputs["x"]!), [filter])];
  },
  Conv2DBackpropInput({ inputs, attrs, outputs }, of, maker) {
    const filter = constant(inputs["filter"]!);
    const make = (name: string) =>
      tf.layers().layers.conv2dTranspose({ ...convolution(filter, 2, attrs), name });
    const whole = maker.apply(make, layerName(filter, "transposed"), of(inputs["dy"]!), [filter]);
    return [cropped(whole, outputs[0]!.shape, filter.shape[0]!, maker)];
  },

  Add({ inputs }, of, maker) {
    const { a, b } = inputs as { a: Value; b: Value };
    if (isConstant(b)) return [scaled(of(a), { plus: b }, maker)];
    if (isConstant(a)) return [scaled(of(b), { plus: a }, maker)];
    return [sum(alike(of(a), of(b)), maker)];
  },
  Sub({ inputs }, of, maker) {
    const { a, b } = inputs as { a: Value; b: Value };
    if (isConstant(b)) return [scaled(of(a), { plus: mapped(b, (x) => -x) }, maker)];
    if (isConstant(a)) return [scaled(of(b), { times: number(-1), plus: a }, maker)];
    return [sum(alike(of(a), scaled(of(b), { times: number(-1) }, maker)), maker)];
  },
  Multiply({ inputs }, of, maker) {
    const { a, b } = inputs as { a: Value; b: Value };
    if (isConstant(b)) return [scaled(of(a), { times: b }, maker)];
    if (isConstant(a)) return [scaled(of(b), { times: a }, maker)];
    const make = (name: string) => tf.layers().layers.multiply({ name });
    return [maker.apply(make, "multiply", alike(of(a), of(b)))];
  },
  RealDiv({ inputs }, of, maker) {
    const { a, b } = inputs as { a: Value; b: Value };
    if (!isConstant(b)) throw new NoLayer("no standard layer divides");
    return [scaled(of(a), { times: mapped(b, (x) => 1 / x) }, maker)];
  },
  Neg: ({ inputs }, of, maker) => [scaled(of(onlyOf(inputs)), { times: number(-1) }, maker)],

  Reshape: ({ inputs, outputs }, of, maker) => [reshaped(of(onlyOf(inputs)), outputs[0]!.shape, maker)],
  ExpandDims: ({ inputs, outputs }, of, maker) => [reshaped(of(onlyOf(inputs)), outputs[0]!.shape, maker)],
  SplitV({ inputs, attrs, outputs }, of, maker) {
    const x = onlyOf(inputs);
    lastOnly(x, attrs["axis"]);
    let from = 0;
    return outputs.map(({ shape }) => {
      const width = shape.at(-1)!;
      const part = chosen(of(x), from, width, maker);
      from += width;
      return part;
    });
  },
  Unpack({ inputs, attrs, outputs }, of, maker) {
    const x = onlyOf(inputs);
    lastOnly(x, attrs["axis"]);
    return outputs.map(({ shape }, i) => reshaped(chosen(of(x), i, 1, maker), shape, maker));
  },
  Sum({ inputs, attrs, outputs }, of, maker) {
    const x = onlyOf(inputs);
    for (const axis of [attrs["axis"]].flat()) lastOnly(x, axis);
    const ones = new Float32Array(x.shape.at(-1)!).fill(1);
    const total = dense(of(x), { shape: [ones.length, 1], data: ones, name: undefined }, undefined, maker);
    return [reshaped(total, outputs[0]!.shape, maker)];
  },
  Concat({ inputs, attrs, outputs }, of, maker) {
    lastOnly(outputs[0]!, attrs["axis"]);
    const parts = Object.values(inputs);
    if (parts.some(isConstant)) throw new NoLayer("no standard layer appends a constant");
    const make = (name: string) => tf.layers().layers.concatenate({ axis: -1, name });
    return [maker.apply(make, "concatenate", parts.map(of))];
  },
};

const onlyOf = (inputs: Operation["inputs"]): Value => Object.values(inputs)[0]!;

function constant(value: Value): Constant {
  if (isConstant(value)) return value;
  throw new NoLayer("the weights of a standard layer cannot be computed");
}

const number = (x: number): Constant => ({ name: undefined, shape: [], data: Float32Array.of(x) });

const mapped = (value: Constant, change: (x: number) => number): Constant => ({
  ...value,
  data: value.data.map(change),
});

/** `decoder.hidden0.kernel` -> `decoder.hidden0` */
const layerName = ({ name }: Constant, other: string) => name?.replace(/\.\w+$/, "") ?? other;

/** An axis counts the examples too. */
function lastOnly({ shape }: Value, axis: unknown): void {
  if (axis !== -1 && axis !== shape.length) throw new NoLayer("standard layers work on the last dimension");
}

const shapeOf = ({ shape }: tf.SymbolicTensor) => shape.slice(1) as number[];

function alike(a: tf.SymbolicTensor, b: tf.SymbolicTensor): [tf.SymbolicTensor, tf.SymbolicTensor] {
  if (String(a.shape) === String(b.shape)) return [a, b];
  throw new NoLayer(`no standard layer stretches [${shapeOf(a)}] to [${shapeOf(b)}]`);
}

const sum = (parts: tf.SymbolicTensor[], maker: LayerMaker) =>
  maker.apply((name) => tf.layers().layers.add({ name }), "add", parts);

function dense(x: tf.SymbolicTensor, kernel: Constant, bias: Constant | undefined, maker: LayerMaker) {
  const make = (name: string) =>
    tf.layers().layers.dense({
      units: kernel.shape[1]!,
      useBias: bias !== undefined,
      kernelInitializer: "zeros",
      name,
    });
  const weights = bias ? [kernel, { ...bias, shape: [kernel.shape[1]!] }] : [kernel];
  return maker.apply(make, layerName(kernel, "sum"), x, weights);
}

/** `outputs` is the dimension of the filter that the outputs have. */
function convolution(filter: Constant, outputs: 2 | 3, attrs: Operation["attrs"]) {
  const { strides, pad } = attrs as { strides: number | [number, number]; pad: string | number };
  if (pad !== "same") throw new NoLayer(`no standard layer pads by ${pad}`);
  return {
    filters: filter.shape[outputs]!,
    kernelSize: filter.shape.slice(0, 2),
    strides,
    padding: "same",
    useBias: false,
    kernelInitializer: "zeros",
  } as const;
}

/**
 * A standard transposed convolution gives even sizes. Of odd ones it lacks the offset, by which the last row is too many, or
 * with an odd kernel the first: of the padding, ⌊(K − 1)/2⌋ rows of an odd size and ⌊(K − 2)/2⌋ of an even one are before it.
 */
function cropped(x: tf.SymbolicTensor, shape: readonly number[], kernel: number, maker: LayerMaker) {
  const surplus = shapeOf(x)
    .slice(0, 2)
    .map((size, i) => size - shape[i]!);
  if (surplus.every((rows) => rows === 0)) return x;
  const [height, width] = surplus.map((rows) => (kernel % 2 === 0 ? [0, rows] : [rows, 0])) as [
    [number, number],
    [number, number],
  ];
  const make = (name: string) => tf.layers().layers.cropping2D({ cropping: [height, width], name });
  return maker.apply(make, "crop", x);
}

/**
 * x · times + plus. The one standard layer that does that to each channel is batch normalisation, here with mean 0 and
 * variance 1; for a number of each pixel it is given all of them as channels.
 */
function scaled(
  x: tf.SymbolicTensor,
  { times = number(1), plus = number(0) }: { times?: Constant; plus?: Constant },
  maker: LayerMaker,
): tf.SymbolicTensor {
  const shape = shapeOf(x);
  const isOfChannels = [times, plus].every(({ shape: own }) => own.slice(0, -1).every((size) => size === 1));
  if (!isOfChannels && shape.length > 1) {
    const flat = reshaped(x, [tf.util.sizeFromShape(shape)], maker);
    const spread = (value: Constant) => ({ ...value, ...flattened(value, shape) });
    return reshaped(scaled(flat, { times: spread(times), plus: spread(plus) }, maker), shape, maker);
  }
  const C = shape.at(-1)!;
  const each = ({ data }: Constant) => ({
    shape: [C],
    data: data.length === 1 ? new Float32Array(C).fill(data[0]!) : data,
  });
  const one = { shape: [C], data: new Float32Array(C).fill(1) };
  const zero = { shape: [C], data: new Float32Array(C) };
  const make = (name: string) => tf.layers().layers.batchNormalization({ epsilon: 0, name });
  const named = plus.name ? `${layerName(plus, "")}.bias` : "scale";
  return maker.apply(make, named, x, [each(times), each(plus), zero, one]);
}

/** A number, or an array of this shape, as [size]. */
function flattened({ shape, data }: Constant, whole: readonly number[]): Pick<Constant, "shape" | "data"> {
  const size = tf.util.sizeFromShape([...whole]);
  if (data.length === 1 || data.length === size) return { shape: data.length === 1 ? [] : [size], data };
  throw new NoLayer(`no standard layer stretches [${shape}] to [${whole}]`);
}

function reshaped(x: tf.SymbolicTensor, shape: readonly number[], maker: LayerMaker): tf.SymbolicTensor {
  if (String(shapeOf(x)) === String(shape)) return x;
  const make = (name: string) => tf.layers().layers.reshape({ targetShape: [...shape], name });
  return maker.apply(make, "reshape", x);
}

/** Of the last dimension `width` from `from` on, by a matrix of zeros and ones. */
function chosen(x: tf.SymbolicTensor, from: number, width: number, maker: LayerMaker): tf.SymbolicTensor {
  const whole = shapeOf(x).at(-1)!;
  const kernel = new Float32Array(whole * width);
  for (let i = 0; i < width; i++) kernel[(from + i) * width + i] = 1;
  const make = (name: string) =>
    tf.layers().layers.dense({ units: width, useBias: false, kernelInitializer: "zeros", name });
  return maker.apply(make, "choose", x, [{ shape: [whole, width], data: kernel }]);
}
