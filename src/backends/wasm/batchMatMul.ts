import * as tf from "../../tf.ts";
import { gemm } from "./gemm.ts";
import { address, floats, transposed } from "./heap.ts";
import type { BackendWasm, Call, Repair } from "./kernel.ts";

/** XNNPACK repacks its right side, at about this many times the cost of a transpose per element (measured). */
const PACKING = 4;

type MatMulCall = Call<"a" | "b", { transposeA: boolean; transposeB: boolean }>;

/**
 * The package calls XNNPACK only where neither side is transposed and both are single matrices. Anything else is a
 * scalar loop, 20 times slower, and the gradients of a matmul always have a transposed side. Here transposed sides
 * are laid out first and a batch is a loop, so that XNNPACK does every product.
 */
export const batchMatMul: Repair = {
  kernelName: "BatchMatMul",
  kernelFunc({ inputs: { a, b }, backend, attrs: { transposeA, transposeB } }: MatMulCall): tf.TensorInfo {
    if (a.dtype !== "float32" || b.dtype !== "float32") throw new Error("matMul needs float32 tensors");
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const [M, K] = rowsAndColumns(a, transposeA);
    const [, N] = rowsAndColumns(b, transposeB);

    // A·B, or as the transpose of Bᵀ·Aᵀ? That is cheaper for dX = dY·Wᵀ: the weights need neither transposing nor
    // packing then. Each number is a count of elements moved.
    const direct = (transposeA ? M * K : 0) + (transposeB ? K * N : 0) + PACKING * K * N;
    const swapped = (transposeA ? 0 : M * K) + (transposeB ? 0 : K * N) + PACKING * M * K + M * N;
    const swap = batch.length === 0 && swapped < direct;

    const [left, right] = swap ? [b, a] : [a, b];
    const [turnLeft, turnRight] = swap ? [!transposeB, !transposeA] : [transposeA, transposeB];
    const temporary: tf.TensorInfo[] = [];
    const turn = (x: tf.TensorInfo) => {
      const y = transposed(backend, x);
      temporary.push(y);
      return y;
    };
    let out = multiply(backend, turnLeft ? turn(left) : left, turnRight ? turn(right) : right, batch);
    if (swap) {
      temporary.push(out);
      out = transposed(backend, out);
    }
    for (const { dataId } of temporary) backend.disposeData(dataId);
    return out;
  },
};

function rowsAndColumns(x: tf.TensorInfo, transpose: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
}

/** [..., M, K] · [..., K, N] -> [...batch, M, N], neither side transposed. */
function multiply(
  backend: BackendWasm,
  left: tf.TensorInfo,
  right: tf.TensorInfo,
  batch: number[],
): tf.TensorInfo {
  const [M, K] = rowsAndColumns(left, false);
  const [, N] = rowsAndColumns(right, false);
  const out = backend.makeOutput([...batch, M, N], "float32");
  const product = gemm(backend);
  const [from, by, to] = [address(backend, left), address(backend, right), address(backend, out)];

  const products = tf.util.sizeFromShape(batch);
  const [lefts, rights] = [left, right].map((x) => tf.util.sizeFromShape(x.shape.slice(0, -2))) as [
    number,
    number,
  ];
  if (M * K * N * products === 0) {
    floats(backend, out).fill(0);
  } else if (rights === 1) {
    product(from, by, to, { M: lefts * M, K, N }); // all rows at once
  } else {
    // A batch of its own on each side, or one matrix for all; TensorFlow.js has no gradient for anything between.
    if (rights !== products || (lefts !== 1 && lefts !== products)) {
      throw new Error(`matMul cannot broadcast ${left.shape} with ${right.shape}`);
    }
    const leftStep = lefts === 1 ? 0 : 4 * M * K;
    for (let i = 0; i < products; i++) {
      product(from + i * leftStep, by + i * 4 * K * N, to + i * 4 * M * N, { M, K, N });
    }
  }
  return out;
}
