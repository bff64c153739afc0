import * as tf from "../../tensors/tf.ts";
import { boolAttr, type Call, execute, type Repair, runOriginal, typeAttr } from "./kernel.ts";

/** The package multiplies batches always: for one pair of matrices TensorFlow's `MatMul` is a sixth faster. */
export const batchMatMul: Repair = {
  kernelName: tf.BatchMatMul,
  kernelFunc(call: Call<"a" | "b", tf.BatchMatMulAttrs>) {
    const { a, b } = call.inputs;
    if (!isOnePair(a, b)) return runOriginal(tf.BatchMatMul, call);
    return tf.tidy(() => asBatch(product(call), a, b));
  },
};

/** a · b + bias, then the activation. In a recorded step TensorFlow makes one operation of it, given these. */
export const fusedMatMul: Repair = {
  kernelName: tf._FusedMatMul,
  kernelFunc(call: Call<"a" | "b" | "bias" | "preluActivationWeights", tf._FusedMatMulAttrs>) {
    const { a, b, bias, preluActivationWeights } = call.inputs;
    if (!isOnePair(a, b) || bias?.rank !== 1 || preluActivationWeights) {
      return runOriginal(tf._FusedMatMul, call);
    }
    const { activation, leakyreluAlpha } = call.attrs;
    return tf.tidy(() => {
      const T = typeAttr(call.backend, "T", a.dtype);
      const sum = execute(call.backend, "BiasAdd", [T], [product(call), bias]);
      return asBatch(call.backend.applyActivation(sum, activation, undefined, leakyreluAlpha), a, b);
    });
  },
};

/** Whether all dimensions before the last two are 1. */
const isOnePair = (...tensors: tf.Tensor[]) =>
  tensors.every(({ shape }) => tf.util.sizeFromShape(shape.slice(0, -2)) === 1);

/** [..., M, K] · [..., K, N] -> [M, N], after transposing what is to be transposed. */
function product({
  inputs: { a, b },
  attrs: { transposeA, transposeB },
  backend,
}: Call<"a" | "b", tf.BatchMatMulAttrs>): tf.Tensor {
  const [left, right] = [a, b].map((x) => (x.rank === 2 ? x : tf.reshape(x, x.shape.slice(-2))));
  const attrs = [
    typeAttr(backend, "T", a.dtype),
    boolAttr(backend, "transpose_a", transposeA),
    boolAttr(backend, "transpose_b", transposeB),
  ];
  return execute(backend, "MatMul", attrs, [left!, right!]);
}

/** [M, N] -> [1, …, M, N], as many dimensions as a batch of a · b has. */
function asBatch(matrix: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const rank = Math.max(a.rank, b.rank);
  return rank === 2 ? matrix : tf.reshape(matrix, [...Array(rank - 2).fill(1), ...matrix.shape]);
}
