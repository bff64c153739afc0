import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { WasmModule } from "./glue.ts";
import { moduleOf } from "./heap.ts";

/** Sizes of one matrix product, [M, K] · [K, N] -> [M, N]. */
export interface Sizes {
  readonly M: number;
  readonly K: number;
  readonly N: number;
}

type Gemm = (left: number, right: number, out: number, sizes: Sizes) => void;

const perModule = new WeakMap<WasmModule, Gemm>();

/** XNNPACK's matrix product of three row-major matrices, given by their addresses. */
export function gemm(backend: BackendWasm): Gemm {
  const wasm = moduleOf(backend);
  let bound = perModule.get(wasm);
  if (!bound) {
    bound = bind(wasm, backend);
    perModule.set(wasm, bound);
  }
  return bound;
}

/**
 * The package's C function takes tensor ids. It is given three ids of our own, registered for one call each, because
 * XNNPACK's repacked right side is cached under its id alone: a tensor that was changed in place, or reshaped to
 * other sizes, would be multiplied by what it was before. In training no weight is used twice anyway.
 */
function bind(wasm: WasmModule, backend: BackendWasm): Gemm {
  const multiply = wasm.cwrap("BatchMatMul", null, Array(9).fill("number"));
  const { registerTensor, disposeData } = wasm.tfjs;
  const shapes = wasm._malloc(6 * 4) >>> 0; // two shapes of three sizes
  const ids = { left: nextId(backend), right: nextId(backend), out: nextId(backend) };

  return (left, right, out, { M, K, N }) => {
    const memory = wasm.wasmMemory ?? wasm.HEAPU8;
    new Int32Array(memory.buffer, shapes, 6).set([1, M, K, 1, K, N]);
    registerTensor(ids.left, M * K, left);
    registerTensor(ids.right, K * N, right);
    registerTensor(ids.out, M * N, out);
    multiply(ids.left, shapes, 3, ids.right, shapes + 12, 3, 0, 0, ids.out);
    disposeData(ids.left);
    disposeData(ids.right);
    disposeData(ids.out);
  };
}

/** Takes an id out of the backend's own count, so that no tensor will have it. */
function nextId(backend: BackendWasm): number {
  return (backend as unknown as { dataIdNextNumber: number }).dataIdNextNumber++;
}
