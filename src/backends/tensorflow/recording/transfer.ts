import type { HostArray } from "../../../tensors/hostArray.ts";
import type { Binding, Handle } from "../tfjsNode.ts";

/**
 * Gives arrays to `use` as tensors of TensorFlow, which live that long. TensorFlow may read the memory of the arrays
 * themselves: a session is done with them when it returns.
 */
export function withUploaded<T>(
  binding: Binding,
  arrays: readonly HostArray[],
  use: (ids: number[]) => T,
): T {
  const ids = arrays.map(({ shape, values }) => binding.createTensor(shape, binding.TF_FLOAT, values));
  try {
    return use(ids);
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}

/** The values of what a session has returned, which lie in the memory of the host. */
export function readAndDelete(binding: Binding, handles: readonly Handle[]): Float32Array[] {
  return handles.map(({ id }) => {
    const values = binding.tensorDataSync(id) as Float32Array;
    binding.deleteTensor(id);
    return values;
  });
}
