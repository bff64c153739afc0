import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

/** Private members of the package's backend that are used here; tfjs 4.22 is the last release. */
export interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** Tensors whose buffers may not be used anew before the commands recorded so far are submitted. */
  commandQueueOwnedIds: WeakSet<object>;
  dispatchCountInPass: number;
  /** Where every buffer comes from and goes back to. */
  bufferManager: BufferManager;
  makeUniforms(uniforms: { type: "float32"; data: number[] }[]): GPUBindingResource;
}

export interface BufferManager {
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

export const internalsOf = (backend: WebGPUBackend) => backend as unknown as Internals;

/** Submits the commands recorded so far, and releases the memory that waited for them. */
export function flush(backend: WebGPUBackend): void {
  if (!internalsOf(backend).commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** The memory of a tensor, on the card from now on if it was not yet. */
export function bufferOf(backend: WebGPUBackend, dataId: object): GPUBuffer {
  backend.uploadToGPU(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}
