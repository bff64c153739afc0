import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { WasmModule } from "./glue.ts";
import { moduleOf } from "./heap.ts";
import { MatmulHelper } from "./matmulHelpers.ts";
import { compileMatmul, instantiateMatmul, type Product } from "./matmulSimd.ts";

type Gemm = (product: Product) => void;

/** Fewer multiplications than this (0.1 ms or so) are not worth sharing. */
const WORTH_SHARING = 4_000_000;

const perModule = new WeakMap<WasmModule, Gemm>();

/**
 * Our matrix product over the backend's memory. The package's own, of XNNPACK, first copies its right side into another
 * order, which pays where weights are used again; in training they never are. And it cannot fuse multiplying with adding.
 */
export function gemm(backend: BackendWasm): Gemm {
  const wasm = moduleOf(backend);
  let bound = perModule.get(wasm);
  if (!bound) {
    bound = bind(wasm);
    perModule.set(wasm, bound);
  }
  return bound;
}

function bind({ wasmMemory, tfjs }: WasmModule): Gemm {
  const module = compileMatmul(wasmMemory);
  const matmul = instantiateMatmul(module, wasmMemory);
  const isShared = wasmMemory.buffer instanceof SharedArrayBuffer;
  const count = isShared ? tfjs.getThreadsCount() - 1 : 0;
  const helpers = Array.from({ length: count }, () => new MatmulHelper(module, wasmMemory));

  return (product) => {
    const ready = product.m * product.n * product.k < WORTH_SHARING ? [] : helpers.filter((h) => h.isReady);
    const [own, ...others] = parts(product, ready.length + 1);
    for (const [i, part] of others.entries()) ready[i]!.ask(part);
    matmul(own!);
    for (const i of others.keys()) ready[i]!.wait();
  };
}

/** `count` parts of a product at most: panels of columns, or blocks of rows where there are more of those. */
function parts(product: Product, count: number): Product[] {
  const { m, n, a, b, c, aRow, cRow } = product;
  if (count === 1) return [product];
  if (n >= m) {
    return ranges(n, 8, count).map(([from, to]) => ({
      ...product,
      b: b + 4 * from,
      c: c + 4 * from,
      n: to - from,
    }));
  }
  return ranges(m, 4, count).map(([from, to]) => ({
    ...product,
    a: a + aRow * from,
    c: c + cRow * from,
    m: to - from,
  }));
}

/** [0, n) in at most `count` ranges of about one size, each a multiple of `unit` but the last. */
function ranges(n: number, unit: number, count: number): [from: number, to: number][] {
  const size = unit * Math.ceil(n / (unit * count));
  return Array.from({ length: Math.ceil(n / size) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)]);
}
