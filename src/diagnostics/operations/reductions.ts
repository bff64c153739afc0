import * as tf from "../../tensors/tf.ts";
import { logSumExp, map, type Reference, reduce, sum, zip } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

/** What adds up, or looks along, a dimension. */
export const reductionCases: readonly OperationCase[] = [
  { name: "sum of rows", shapes: [[6, 70]], run: (x) => tf.sum(x!, 1), expected: reduce(1, sum) },
  { name: "sum of columns", shapes: [[6, 70]], run: (x) => tf.sum(x!, 0), expected: reduce(0, sum) },
  { name: "sum of rank 3", shapes: [[3, 5, 7]], run: (x) => tf.sum(x!, 2), expected: reduce(2, sum) },
  {
    name: "sum of all",
    shapes: [[6, 70]],
    run: (x) => tf.sum(x!),
    expected: (x) => ({ shape: [], data: Float64Array.of(sum([...x!.data])) }),
  },
  {
    name: "addN",
    shapes: [[5], [5], [5]],
    run: (...xs) => tf.addN(xs),
    expected: (...xs) => xs.reduce(zip((a, b) => a + b)),
  },
  { name: "mean", shapes: [[70]], run: (x) => tf.mean(x!), expected: reduce(0, (v) => sum(v) / v.length) },
  { name: "max", shapes: [[6, 30]], run: (x) => tf.max(x!, 1), expected: reduce(1, (v) => Math.max(...v)) },
  {
    name: "all",
    shapes: [[6, 3]],
    run: (x) => tf.cast(tf.all(tf.less(x!, 1), 1), "float32"),
    expected: reduce(1, (v) => Number(v.every((x) => x < 1))),
    differentiable: false,
  },
  {
    name: "all are finite",
    shapes: [[6, 3]],
    run: (x) => tf.cast(tf.all(tf.isFinite(x!)), "float32"),
    expected: () => ({ shape: [], data: Float64Array.of(1) }),
    differentiable: false,
  },
  {
    name: "softmax",
    shapes: [[2, 3, 30]],
    run: (x) => tf.softmax(x!),
    expected: (x) => map(Math.exp)(logSoftmax(x!)),
  },
  { name: "logSumExp", shapes: [[6, 30]], run: (x) => tf.logSumExp(x!, 1), expected: reduce(1, logSumExp) },
  { name: "logSoftmax", shapes: [[6, 30]], run: (x) => tf.logSoftmax(x!), expected: (x) => logSoftmax(x!) },
  {
    name: "cumsum",
    shapes: [[2, 3, 9]],
    run: (x) => tf.cumsum(x!, 2),
    expected: (x) => ({
      shape: x!.shape,
      data: x!.data.map((_, i) => sum([...x!.data.subarray(i - (i % 9), i + 1)])),
    }),
  },
];

/** Over the last dimension. */
function logSoftmax(x: Reference): Reference {
  const axis = x.shape.length - 1;
  const totals = reduce(axis, logSumExp)(x);
  return zip((a, total) => a - total)(x, { shape: [...totals.shape, 1], data: totals.data });
}
