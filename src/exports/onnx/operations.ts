import * as tf from "../../tensors/tf.ts";
import { type Constant, isConstant, type Operation, type Value } from "../graph.ts";
import type { Writer } from "./writer.ts";

/** Writes an operation as ONNX operators -> the names of its outputs. */
type Translate = (operation: Operation, to: Writer) => string[];

/** An operator that takes the same inputs in the same order. */
const same =
  (opType: string): Translate =>
  ({ inputs }, to) => [
    to.add(
      opType,
      Object.values(inputs).map((value) => to.of(value)),
    ),
  ];

/** The kernels that are written, by their names. */
export const operations: Readonly<Record<string, Translate>> = {
  Abs: same("Abs"),
  Add: same("Add"),
  Elu: same("Elu"),
  Exp: same("Exp"),
  Log: same("Log"),
  Log1p: ({ inputs }, to) => [to.add("Log", [to.add("Add", [first(inputs, to), number(1, to)])])],
  Maximum: same("Max"),
  Minimum: same("Min"),
  Multiply: same("Mul"),
  Neg: same("Neg"),
  RealDiv: same("Div"),
  Relu: same("Relu"),
  Sigmoid: same("Sigmoid"),
  Sign: same("Sign"),
  Softplus: same("Softplus"),
  Sqrt: same("Sqrt"),
  Square: ({ inputs }, to) => [to.add("Mul", [first(inputs, to), first(inputs, to)])],
  Sub: same("Sub"),
  Tanh: same("Tanh"),
  ClipByValue({ inputs, attrs }, to) {
    const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
    return [to.add("Clip", [first(inputs, to), number(clipValueMin, to), number(clipValueMax, to)])];
  },
  Step({ inputs, attrs }, to) {
    const isAbove = to.add("Greater", [first(inputs, to), number(0, to)]);
    return [to.add("Where", [isAbove, number(1, to), number(attrs["alpha"] as number, to)])];
  },
  Softmax: ({ inputs }, to) => [to.add("Softmax", [first(inputs, to)], { axis: -1 })], // as TensorFlow.js has it
  ZerosLike: ({ inputs }, to) => [to.add("ConstantOfShape", [to.add("Shape", [first(inputs, to)])])],

  _FusedMatMul({ inputs, attrs }, to) {
    const { a, b, bias } = inputs;
    const { transposeA, transposeB } = attrs;
    const names = [a!, b!, bias!].map((value) => to.of(value));
    return [to.add("Gemm", names, { transA: Number(transposeA), transB: Number(transposeB) })];
  },
  Conv2D({ inputs, attrs, outputs }, to) {
    const { x, filter } = inputs as { x: Value; filter: Value };
    const weights = to.constant(transposed(constant(filter), [3, 2, 0, 1])); // [H, W, in, out] -> [out, in, H, W]
    const padding = paddingOf(x.shape, outputs[0]!.shape, constant(filter), attrs);
    return [convolved("Conv", to.of(x), weights, padding, to)];
  },
  Conv2DBackpropInput({ inputs, attrs, outputs }, to) {
    const { dy, filter } = inputs as { dy: Value; filter: Value };
    const weights = to.constant(transposed(constant(filter), [3, 2, 0, 1])); // [H, W, out, in] -> [in, out, H, W]
    const padding = paddingOf(outputs[0]!.shape, dy.shape, constant(filter), attrs);
    return [convolved("ConvTranspose", to.of(dy), weights, padding, to)];
  },

  Reshape: ({ inputs, outputs }, to) => [reshaped(first(inputs, to), outputs[0]!, to)],
  ExpandDims: ({ inputs, outputs }, to) => [reshaped(first(inputs, to), outputs[0]!, to)],
  Transpose: ({ inputs, attrs }, to) => [
    to.add("Transpose", [first(inputs, to)], { perm: attrs["perm"] as number[] }),
  ],
  SplitV({ inputs, attrs, outputs }, to) {
    const axis = axisOf(inputs["x"]!, attrs["axis"]);
    const sizes = to.integers(outputs.map(({ shape }) => shape[axis - 1]!));
    return to.addAll("Split", [first(inputs, to), sizes], outputs.length, { axis });
  },
  Unpack({ inputs, attrs, outputs }, to) {
    const axis = axisOf(inputs["value"]!, attrs["axis"]);
    const sizes = to.integers(outputs.map(() => 1));
    const parts = to.addAll("Split", [first(inputs, to), sizes], outputs.length, { axis });
    return parts.map((part, i) => reshaped(part, outputs[i]!, to));
  },
  Concat: ({ inputs, attrs, outputs }, to) => [
    to.add(
      "Concat",
      Object.values(inputs).map((value) => to.of(value)),
      { axis: axisOf(outputs[0]!, attrs["axis"]) },
    ),
  ],
  Sum({ inputs, attrs, outputs }, to) {
    const axes = [attrs["axis"]].flat().map((axis) => axisOf(inputs["x"]!, axis));
    const total = to.add("ReduceSum", [first(inputs, to), to.integers(axes)], { keepdims: 0 });
    return [attrs["keepDims"] ? reshaped(total, outputs[0]!, to) : total];
  },
};

const first = (inputs: Operation["inputs"], to: Writer) => to.of(Object.values(inputs)[0]!);

const number = (x: number, to: Writer) =>
  to.constant({ name: `number_${x}`.replaceAll("-", "minus"), shape: [], data: Float32Array.of(x) });

function constant(value: Value): Constant {
  if (!isConstant(value)) throw new Error("the weights of a convolution are computed");
  return value;
}

/** Counted from the examples on, which are 0. */
const axisOf = ({ shape }: Value, axis: unknown): number =>
  (axis as number) < 0 ? shape.length + 1 + (axis as number) : (axis as number);

const reshaped = (name: string, { shape }: Value, to: Writer): string =>
  to.add("Reshape", [name, to.integers([-1, ...shape])]);

/** With its dimensions in the order `perm`. */
function transposed({ name, shape, data }: Constant, perm: readonly number[]): Constant {
  const values = tf.tidy(() => tf.transpose(tf.tensor(data, [...shape]), [...perm]).dataSync<"float32">());
  const order = perm.map((i) => shape[i]!);
  return { name: name && `${name}.transposed`, shape: order, data: values };
}

interface Padding {
  readonly strides: readonly number[];
  /** Rows above, columns before, rows below, columns behind. */
  readonly pads: readonly number[];
}

/** Of padding "same" between a larger image and a smaller one: half of what is lacking before, the other half behind. */
function paddingOf(
  large: readonly number[],
  small: readonly number[],
  { shape }: Constant,
  attrs: Operation["attrs"],
): Padding {
  if (attrs["pad"] !== "same") throw new Error(`a convolution is padded by ${attrs["pad"]}`);
  const strides = [attrs["strides"], attrs["strides"]].flat().slice(0, 2) as number[];
  const lacking = strides.map((stride, i) => Math.max(0, (small[i]! - 1) * stride + shape[i]! - large[i]!));
  const before = lacking.map((size) => Math.floor(size / 2));
  return { strides, pads: [...before, ...lacking.map((size, i) => size - before[i]!)] };
}

/** ONNX has channels before height and width. */
function convolved(
  opType: string,
  x: string,
  weights: string,
  { strides, pads }: Padding,
  to: Writer,
): string {
  const channelsFirst = to.add("Transpose", [x], { perm: [0, 3, 1, 2] });
  const result = to.add(opType, [channelsFirst, weights], { strides, pads });
  return to.add("Transpose", [result], { perm: [0, 2, 3, 1] });
}
