import * as tf from "../../tensors/tf.ts";
import { concat, map, pick, type Reference, reference, transpose, zip } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

const reshaped =
  (shape: number[]) =>
  ({ data }: Reference): Reference => ({ shape, data });

const INDICES = [4, 0, 0, 2, 5];

/** What moves numbers, and what makes them. */
export const shapeCases: readonly OperationCase[] = [
  { name: "reshape", shapes: [[6, 8]], run: (x) => tf.reshape(x!, [2, 3, 8]), expected: reshaped([2, 3, 8]) },
  { name: "expandDims", shapes: [[6, 8]], run: (x) => tf.expandDims(x!, 2), expected: reshaped([6, 8, 1]) },
  { name: "squeeze", shapes: [[6, 8, 1]], run: (x) => tf.squeeze(x!, [2]), expected: reshaped([6, 8]) },
  { name: "clone", shapes: [[6, 8]], run: (x) => tf.clone(x!), expected: (x) => x! },
  { name: "transpose", shapes: [[6, 9]], run: (x) => tf.transpose(x!), expected: (x) => transpose(x!) },
  {
    name: "transpose of rank 4",
    shapes: [[2, 3, 4, 5]],
    run: (x) => tf.transpose(x!, [3, 1, 2, 0]),
    expected: pick(
      ({ shape: [a, b, c, d] }) => [d!, b!, c!, a!],
      ([d, b, c, a]) => [a!, b!, c!, d!],
    ),
  },
  {
    name: "slice",
    shapes: [[6, 9]],
    run: (x) => tf.slice(x!, [0, 3], [6, 4]),
    expected: pick(
      () => [6, 4],
      ([i, j]) => [i!, j! + 3],
    ),
  },
  {
    name: "split",
    shapes: [[6, 8]],
    run: (x) => tf.split(x!, 2, 1)[1]!,
    expected: pick(
      () => [6, 4],
      ([i, j]) => [i!, j! + 4],
    ),
  },
  {
    name: "split of rank 3",
    shapes: [[2, 3, 9]],
    run: (x) => tf.split(x!, [3, 3, 3], 2)[1]!,
    expected: pick(
      () => [2, 3, 3],
      ([i, j, k]) => [i!, j!, k! + 3],
    ),
  },
  {
    name: "unstack",
    shapes: [[4, 5, 2]],
    run: (x) => tf.unstack(x!, 2)[1]!,
    expected: pick(
      () => [4, 5],
      ([i, j]) => [i!, j!, 1],
    ),
  },
  {
    name: "stack",
    shapes: [[], []],
    run: (a, b) => tf.stack([a!, b!]),
    expected: (a, b) => reference([2], [a!.data[0]!, b!.data[0]!]),
  },
  {
    name: "concat",
    shapes: [
      [3, 4],
      [3, 2],
    ],
    run: (a, b) => tf.concat([a!, b!], 1),
    expected: (a, b) => concat(a!, b!),
  },
  {
    name: "pad",
    shapes: [[2, 3, 4, 2]],
    run: (x) =>
      tf.pad(x!, [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ]),
    expected: pick(
      () => [2, 4, 6, 2],
      ([b, i, j, c]) => (i! >= 1 && j! < 4 ? [b!, i! - 1, j!, c!] : undefined),
    ),
  },
  {
    name: "tile",
    shapes: [[3, 4]],
    run: (x) => tf.tile(x!, [2, 3]),
    expected: pick(
      () => [6, 12],
      ([i, j]) => [i! % 3, j! % 4],
    ),
  },
  {
    name: "gather",
    shapes: [[6]],
    run: (x) => tf.gather(x!, tf.tensor1d(INDICES, "int32")),
    expected: (x) =>
      reference(
        [5],
        INDICES.map((i) => x!.data[i]!),
      ),
    differentiable: false, // not on every backend
  },
  {
    name: "oneHot",
    shapes: [[5, 6]],
    run: (x) => tf.mul(x!, tf.cast(tf.oneHot(tf.tensor1d(INDICES, "int32"), 6), "float32")),
    expected: (x) => ({
      shape: [5, 6],
      data: x!.data.map((v, i) => (INDICES[Math.floor(i / 6)] === i % 6 ? v : 0)),
    }),
  },
  {
    name: "fill",
    shapes: [[3, 4]],
    run: (x) => tf.add(x!, tf.fill([3, 4], 0.5)),
    expected: map((x) => x + 0.5),
  },
  { name: "zerosLike", shapes: [[3, 4]], run: (x) => tf.add(x!, tf.zerosLike(x!)), expected: (x) => x! },
  {
    name: "linspace",
    shapes: [[3, 5]],
    run: (x) => tf.mul(x!, tf.linspace(0, 1, 5)),
    expected: (x) => zip((a, b) => a * b)(x!, reference([5], [0, 0.25, 0.5, 0.75, 1])),
  },
  {
    name: "range",
    shapes: [[3, 4]],
    run: (x) => tf.add(x!, tf.cast(tf.range(0, 20, 5, "int32"), "float32")),
    expected: (x) => zip((a, b) => a + b)(x!, reference([4], [0, 5, 10, 15])),
  },
];
