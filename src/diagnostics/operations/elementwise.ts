import * as tf from "../../tensors/tf.ts";
import { sigmoid, softplus } from "../reference.ts";
import { binary, elementwise, type OperationCase } from "./operation.ts";

const asNumbers = (x: tf.Tensor) => tf.cast(x, "float32");

/** Each element by itself, and two of them together. */
export const elementwiseCases: readonly OperationCase[] = [
  elementwise("relu", tf.relu, (x) => Math.max(0, x)),
  elementwise("elu", tf.elu, (x) => (x > 0 ? x : Math.expm1(x))),
  elementwise("tanh", tf.tanh, Math.tanh),
  elementwise("sigmoid", tf.sigmoid, sigmoid),
  elementwise("softplus", tf.softplus, softplus),
  elementwise("exp", tf.exp, Math.exp),
  elementwise("log", tf.log, Math.log, { positive: true }),
  elementwise("log1p", tf.log1p, Math.log1p, { positive: true }),
  elementwise("sqrt", tf.sqrt, Math.sqrt, { positive: true }),
  elementwise("square", tf.square, (x) => x * x),
  elementwise("neg", tf.neg, (x) => -x),
  elementwise("abs", tf.abs, Math.abs),
  elementwise("sign", tf.sign, Math.sign),
  elementwise(
    "step",
    (x) => tf.step(x),
    (x) => (x > 0 ? 1 : 0),
  ),
  elementwise("round", tf.round, Math.round),
  elementwise(
    "clipByValue",
    (x) => tf.clipByValue(x, -0.7, 1.1),
    (x) => Math.min(1.1, Math.max(-0.7, x)),
  ),
  elementwise("cast to whole numbers", (x) => asNumbers(tf.cast(x, "int32")), Math.trunc, {
    differentiable: false,
  }),
  ...binary("add", tf.add, (a, b) => a + b),
  ...binary("sub", tf.sub, (a, b) => a - b),
  ...binary("mul", tf.mul, (a, b) => a * b),
  ...binary("div", tf.div, (a, b) => a / b, { positive: true }),
  // Only with equal shapes: tfjs-core's gradient does not broadcast.
  ...binary("maximum", tf.maximum, Math.max).slice(0, 1),
  ...binary("minimum", tf.minimum, Math.min).slice(0, 1),
  ...binary(
    "less",
    (a, b) => asNumbers(tf.less(a, b)),
    (a, b) => Number(a < b),
    { differentiable: false },
  ),
  ...binary(
    "lessEqual",
    (a, b) => asNumbers(tf.lessEqual(a, b)),
    (a, b) => Number(a <= b),
    {
      differentiable: false,
    },
  ),
  {
    name: "where",
    shapes: [
      [5, 6],
      [5, 6],
    ], // prettier-ignore
    run: (a, b) => tf.where(tf.less(checkerboard(5, 6), 0.5), a!, b!),
    expected: (a, b) => ({ shape: [5, 6], data: a!.data.map((x, i) => (i % 2 === 0 ? x : b!.data[i]!)) }),
  },
];

/** 0 and 1 in turns. */
const checkerboard = (rows: number, columns: number) =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, i) => i % 2),
    [rows, columns],
  );
