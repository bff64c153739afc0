import type * as tf from "../../../tensors/tf.ts";

/** Where something lies in a buffer, in bytes. */
export interface Place {
  readonly offset: number;
  readonly size: number;
}

/** Float32 tensors one behind the other in one buffer, each where the device can bind it by itself. */
export function layOut(
  tensors: readonly tf.Tensor[],
  device: GPUDevice,
): { places: readonly Place[]; size: number } {
  const alignment = device.limits.minStorageBufferOffsetAlignment;
  let end = 0;
  const places = tensors.map((tensor) => {
    const offset = Math.ceil(end / alignment) * alignment;
    const size = 4 * tensor.size;
    end = offset + size;
    return { offset, size };
  });
  return { places, size: end };
}
