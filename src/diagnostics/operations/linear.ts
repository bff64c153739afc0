import { dense } from "../../model/networks/dense.ts";
import * as tf from "../../tensors/tf.ts";
import { conv2d, conv2dTranspose, matMul, transpose, zip } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

/** Products of matrices and convolutions. */
export const linearCases: readonly OperationCase[] = [
  {
    name: "matMul",
    shapes: [
      [9, 65],
      [65, 50],
    ],
    run: (a, b) => tf.matMul(a!, b!),
    expected: (a, b) => matMul(a!, b!),
  },
  {
    name: "matMul, first transposed",
    shapes: [
      [65, 9],
      [65, 50],
    ],
    run: (a, b) => tf.matMul(a!, b!, true),
    expected: (a, b) => matMul(transpose(a!), b!),
  },
  {
    name: "matMul, second transposed",
    shapes: [
      [9, 65],
      [50, 65],
    ],
    run: (a, b) => tf.matMul(a!, b!, false, true),
    expected: (a, b) => matMul(a!, transpose(b!)),
  },
  {
    name: "matMul, transposed",
    shapes: [
      [65, 9],
      [50, 65],
    ],
    run: (a, b) => tf.matMul(a!, b!, true, true),
    expected: (a, b) => matMul(transpose(a!), transpose(b!)),
  },
  {
    name: "dense layer (fused matMul with bias)",
    shapes: [[9, 65], [65, 50], [50]],
    run: (x, kernel, bias) => dense(x as tf.Tensor2D, kernel as tf.Tensor2D, bias as tf.Tensor1D),
    expected: (a, b, bias) => zip((y, c) => y + c)(matMul(a!, b!), bias!),
  },
  ...[1, 2].map((stride) => ({
    name: `conv2d, stride ${stride}`,
    shapes: [
      [2, 7, 8, 3],
      [3, 3, 3, 5],
    ],
    run: (x: tf.Tensor, f: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, stride, "same"),
    expected: conv2d(stride),
  })),
  ...[3, 4].map((size) => ({
    name: `conv2dTranspose, filters of ${size}`,
    shapes: [
      [2, 4, 3, 5],
      [size, size, 3, 5],
    ],
    run: (x: tf.Tensor, f: tf.Tensor) =>
      tf.conv2dTranspose(x as tf.Tensor4D, f as tf.Tensor4D, [2, 7, 6, 3], 2, "same"),
    expected: conv2dTranspose(2, [7, 6]),
  })),
];
