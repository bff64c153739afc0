import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "../../tensors/tf.ts";
import type { WasmModule } from "./glue.ts";
import { run } from "./kernel.ts";

/** The module behind a backend, as this project started it. */
export function moduleOf(backend: BackendWasm): WasmModule {
  return backend.wasm as unknown as WasmModule;
}

/** Where a tensor lies in the WebAssembly memory, in bytes. */
export function address(backend: BackendWasm, x: tf.TensorInfo): number {
  return backend.dataIdMap.get(x.dataId).memoryOffset;
}

/**
 * A tensor's elements, not copied. Short-lived: the next allocation may grow the memory, which moves an unshared one,
 * so allocate outputs first and take views after.
 */
export function floats(backend: BackendWasm, x: tf.TensorInfo): Float32Array {
  return new Float32Array(
    moduleOf(backend).wasmMemory.buffer,
    address(backend, x),
    tf.util.sizeFromShape(x.shape),
  );
}

/**
 * To be called after changing a tensor in place. XNNPACK repacks the filter of a convolution once and keeps that copy
 * under the tensor's id; registering the tensor anew drops such copies.
 */
export function changedInPlace(backend: BackendWasm, x: tf.TensorInfo): void {
  const { id, memoryOffset } = backend.dataIdMap.get(x.dataId);
  const { tfjs } = moduleOf(backend);
  tfjs.disposeData(id); // forgets the id; the memory stays
  tfjs.registerTensor(id, tf.util.sizeFromShape(x.shape), memoryOffset);
}

/** The last two dimensions exchanged; to be disposed of by the caller. */
export function transposed(backend: BackendWasm, x: tf.TensorInfo): tf.TensorInfo {
  const rank = x.shape.length;
  const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return run("Transpose", backend, { x }, { perm });
}
