import * as tf from "../../tensors/tf.ts";
import { gemm } from "./gemm.ts";
import { address, floats, transposed } from "./heap.ts";
import type { BackendWasm, Call, Repair } from "./kernel.ts";
import type { Product } from "./matmulSimd.ts";

type MatMulCall = Call<"a" | "b", { transposeA: boolean; transposeB: boolean }>;

/**
 * The package calls XNNPACK only where neither side is transposed and both are single matrices. Anything else is a
 * scalar loop, 20 times slower, and the gradients of a matmul always have a transposed side. Here every product is
 * `gemm`'s, which takes each side either way, and a batch is a loop.
 */
export const batchMatMul: Repair = {
  kernelName: "BatchMatMul",
  kernelFunc({ inputs: { a, b }, backend, attrs: { transposeA, transposeB } }: MatMulCall): tf.TensorInfo {
    return matMul(backend, a, b, transposeA, transposeB);
  },
};

/** The same; with a `bias` [N], that is added to each row. */
export function matMul(
  backend: BackendWasm,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  if (a.dtype !== "float32" || b.dtype !== "float32") throw new Error("matMul needs float32 tensors");
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  // A panel of the right side that lies by columns is laid out four numbers at a time.
  const isThin = transposeB && b.shape.at(-1)! < 4;
  const right = isThin ? transposed(backend, b) : b;
  const out = multiply(backend, a, transposeA, right, transposeB && !isThin, batch, bias);
  if (isThin) backend.disposeData(right.dataId);
  return out;
}

function rowsAndColumns(x: tf.TensorInfo, transpose: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
}

/** [..., M, K] · [..., K, N] -> [...batch, M, N]; a side may be given transposed, the right one if K is at least 4. */
function multiply(
  backend: BackendWasm,
  left: tf.TensorInfo,
  isLeftTransposed: boolean,
  right: tf.TensorInfo,
  isRightTransposed: boolean,
  batch: number[],
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  const [m, k] = rowsAndColumns(left, isLeftTransposed);
  const [, n] = rowsAndColumns(right, isRightTransposed);
  const out = backend.makeOutput([...batch, m, n], "float32");
  const product = (p: Product) => gemm(backend, p);
  const [a, b, c] = [address(backend, left), address(backend, right), address(backend, out)];
  const strides = {
    ...(isLeftTransposed ? { aRow: 4, aColumn: 4 * m } : { aRow: 4 * k, aColumn: 4 }),
    ...(isRightTransposed ? { bRow: 4, bColumn: 4 * k } : { bRow: 4 * n, bColumn: 4 }),
    cRow: 4 * n,
    bias: bias ? address(backend, bias) : 0,
  };

  const products = tf.util.sizeFromShape(batch);
  const [lefts, rights] = [left, right].map((x) => tf.util.sizeFromShape(x.shape.slice(0, -2))) as [
    number,
    number,
  ];
  if (m * k * n * products === 0) {
    floats(backend, out).fill(0);
  } else if (rights === 1 && !isLeftTransposed) {
    product({ a, b, c, ...strides, m: lefts * m, n, k }); // all rows at once
  } else {
    // A batch of its own on each side, or one matrix for all; TensorFlow.js has no gradient for anything between.
    if (![1, products].includes(rights) || ![1, products].includes(lefts)) {
      throw new Error(`matMul cannot broadcast ${left.shape} with ${right.shape}`);
    }
    const leftStep = lefts === 1 ? 0 : 4 * m * k;
    const rightStep = rights === 1 ? 0 : 4 * k * n;
    for (let i = 0; i < products; i++) {
      product({ a: a + i * leftStep, b: b + i * rightStep, c: c + i * 4 * m * n, ...strides, m, n, k });
    }
  }
  return out;
}
