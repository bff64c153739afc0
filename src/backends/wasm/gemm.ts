import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { matmulCall, type Product } from "./matmulSimd.ts";
import { ranges } from "./ranges.ts";
import { simd } from "./simd.ts";

/** Fewer multiplications than this (0.1 ms or so) are not worth sharing. */
const WORTH_SHARING = 2_000_000;

/** Multiplications in a part, some 30 µs: that long a thread may wait for another in the end. */
const PART = 600_000;

/** From here on there are enough panels of columns to be shared, and none has to be laid out twice. */
const MANY_COLUMNS = 128;

/**
 * Our matrix product over the backend's memory. The package's own, of XNNPACK, cannot fuse multiplying with adding, and
 * copies the whole right side into another order first, on one thread.
 */
export function gemm(backend: BackendWasm, product: Product): void {
  const { m, n, k } = product;
  simd(backend).share((m * n * k < WORTH_SHARING ? [product] : parts(product)).map(matmulCall));
}

/** Panels of columns; blocks of rows where there are few columns, and more rows. */
function parts(product: Product): Product[] {
  const { m, n, k, a, b, c, aRow, bColumn, cRow, bias } = product;
  if (n >= m || n >= MANY_COLUMNS) {
    return ranges(n, 8, PART / (m * k)).map(([from, to]) => ({
      ...product,
      b: b + bColumn * from,
      c: c + 4 * from,
      bias: bias && bias + 4 * from,
      n: to - from,
    }));
  }
  return ranges(m, 16, PART / (n * k)).map(([from, to]) => ({
    ...product,
    a: a + aRow * from,
    c: c + cRow * from,
    m: to - from,
  }));
}
