import { dense } from "../networks/dense.ts";
import * as tf from "../tf.ts";
import { conv2d, map, matMul, pick, type Reference, reduce, zip } from "./reference.ts";

/** An operation that the project uses, with its counterpart in float64 and the shapes to try it at. */
export interface OperationCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly expected: (...inputs: Reference[]) => Reference;
  /** Inputs stay above 0.1, for logarithms and roots. */
  readonly positive?: boolean;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sum = (values: number[]) => values.reduce((total, x) => total + x, 0);
const logSumExp = (values: number[]) => {
  const max = Math.max(...values);
  return max + Math.log(sum(values.map((x) => Math.exp(x - max))));
};

const elementwise = (
  name: string,
  run: (x: tf.Tensor) => tf.Tensor,
  f: (x: number) => number,
  positive = false,
): OperationCase => ({ name, shapes: [[7, 33]], run, expected: map(f), positive });

const binary = (
  name: string,
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  f: (a: number, b: number) => number,
  positive = false,
): OperationCase[] =>
  (
    [
      ["", [5, 6], [5, 6]],
      [" with a row", [5, 6], [6]],
      [" with a column", [5, 6], [5, 1]],
      [" with a scalar", [5, 6], []],
    ] as const
  ).map(([how, a, b]) => ({ name: name + how, shapes: [a, b], run, expected: zip(f), positive }));

const reshaped =
  (shape: number[]) =>
  ({ data }: Reference): Reference => ({ shape, data });

/**
 * Everything that models, likelihoods, objectives and figures run. The shapes are small, but beyond the blocks of the
 * kernels (48 wide, 4 high) where a wrong edge would hide.
 */
export const operationCases: readonly OperationCase[] = [
  {
    name: "matMul",
    shapes: [
      [9, 65],
      [65, 50],
    ], // prettier-ignore
    run: (a, b) => tf.matMul(a, b),
    expected: matMul,
  },
  {
    name: "matMul, transposed",
    shapes: [
      [65, 9],
      [50, 65],
    ], // prettier-ignore
    run: (a, b) => tf.matMul(a, b, true, true),
    expected: (a, b) => matMul(transpose(a), transpose(b)),
  },
  {
    name: "dense layer (fused matMul with bias)",
    shapes: [[9, 65], [65, 50], [50]], // prettier-ignore
    run: (x, kernel, bias) => dense(x as tf.Tensor2D, kernel as tf.Tensor2D, bias as tf.Tensor1D),
    expected: (a, b, bias) => zip((y, c) => y + c)(matMul(a, b), bias!),
  },
  ...[1, 2].map((stride) => ({
    name: `conv2d, stride ${stride}`,
    shapes: [
      [2, 7, 8, 3],
      [3, 3, 3, 5],
    ], // prettier-ignore
    run: (x: tf.Tensor, f: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, stride, "same"),
    expected: conv2d(stride),
  })),
  elementwise("relu", tf.relu, (x) => Math.max(0, x)),
  elementwise("elu", tf.elu, (x) => (x > 0 ? x : Math.expm1(x))),
  elementwise("tanh", tf.tanh, Math.tanh),
  elementwise("sigmoid", tf.sigmoid, sigmoid),
  elementwise("softplus", tf.softplus, softplus),
  elementwise("exp", tf.exp, Math.exp),
  elementwise("log", tf.log, Math.log, true),
  elementwise("sqrt", tf.sqrt, Math.sqrt, true),
  elementwise("square", tf.square, (x) => x * x),
  elementwise("neg", tf.neg, (x) => -x),
  elementwise("abs", tf.abs, Math.abs),
  ...binary("add", tf.add, (a, b) => a + b),
  ...binary("sub", tf.sub, (a, b) => a - b),
  ...binary("mul", tf.mul, (a, b) => a * b),
  ...binary("div", tf.div, (a, b) => a / b, true),
  // Only with equal shapes: tfjs-core's gradient does not broadcast.
  ...binary("maximum", tf.maximum, Math.max).slice(0, 1),
  { name: "sum of rows", shapes: [[6, 70]], run: (x) => tf.sum(x, 1), expected: reduce(1, sum) },
  { name: "sum of columns", shapes: [[6, 70]], run: (x) => tf.sum(x, 0), expected: reduce(0, sum) },
  { name: "mean", shapes: [[70]], run: (x) => tf.mean(x), expected: reduce(0, (v) => sum(v) / v.length) },
  { name: "logSumExp", shapes: [[6, 30]], run: (x) => tf.logSumExp(x, 1), expected: reduce(1, logSumExp) },
  {
    name: "logSoftmax",
    shapes: [[6, 30]],
    run: (x) => tf.logSoftmax(x),
    expected: (x) => zip((a, b) => a - b)(x, { shape: [6, 1], data: reduce(1, logSumExp)(x).data }),
  },
  { name: "reshape", shapes: [[6, 8]], run: (x) => tf.reshape(x, [2, 3, 8]), expected: reshaped([2, 3, 8]) },
  { name: "transpose", shapes: [[6, 9]], run: (x) => tf.transpose(x), expected: (x) => transpose(x) },
  {
    name: "transpose of rank 4",
    shapes: [[2, 3, 4, 5]],
    run: (x) => tf.transpose(x, [3, 1, 2, 0]),
    expected: pick(
      ({ shape: [a, b, c, d] }) => [d!, b!, c!, a!],
      ([d, b, c, a]) => [a!, b!, c!, d!],
    ),
  },
  {
    name: "slice",
    shapes: [[6, 9]],
    run: (x) => tf.slice(x, [0, 3], [6, 4]),
    expected: pick(
      () => [6, 4],
      ([i, j]) => [i!, j! + 3],
    ),
  },
  {
    name: "split",
    shapes: [[6, 8]],
    run: (x) => tf.split(x, 2, 1)[1]!,
    expected: pick(
      () => [6, 4],
      ([i, j]) => [i!, j! + 4],
    ),
  },
  {
    name: "unstack",
    shapes: [[4, 5, 2]],
    run: (x) => tf.unstack(x, 2)[1]!,
    expected: pick(
      () => [4, 5],
      ([i, j]) => [i!, j!, 1],
    ),
  },
  {
    name: "concat",
    shapes: [
      [3, 4],
      [3, 2],
    ],
    run: (a, b) => tf.concat([a, b], 1),
    expected: (a, b) => ({
      shape: [3, 6],
      data: Float64Array.from({ length: 18 }, (_, n) =>
        n % 6 < 4 ? a.data[4 * Math.floor(n / 6) + (n % 6)]! : b.data[2 * Math.floor(n / 6) + (n % 6) - 4]!,
      ),
    }),
  }, // prettier-ignore
  {
    name: "pad",
    shapes: [[2, 3, 4, 2]],
    run: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ]),
    expected: pick(
      () => [2, 4, 6, 2],
      ([b, i, j, c]) => (i! >= 1 && j! < 4 ? [b!, i! - 1, j!, c!] : undefined),
    ),
  }, // prettier-ignore
  {
    name: "tile",
    shapes: [[3, 4]],
    run: (x) => tf.tile(x, [2, 3]),
    expected: pick(
      () => [6, 12],
      ([i, j]) => [i! % 3, j! % 4],
    ),
  },
];

function transpose(x: Reference): Reference {
  return pick(
    ({ shape: [n, m] }) => [m!, n!],
    ([i, j]) => [j!, i!],
  )(x);
}
