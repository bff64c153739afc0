import * as tf from "./tf.ts";

/** Numbers in the memory of the host, row-major. */
export interface HostArray {
  readonly shape: readonly number[];
  /** Memory of this thread: native code may not be able to read what threads share. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Values as the rows of a batch, [count, values.length / count]. */
export const hostRows = (values: Float32Array<ArrayBuffer>, count: number): HostArray => ({
  values,
  shape: [count, values.length / count],
});

/** A number, []. */
export const hostNumber = (value: number): HostArray => ({ values: Float32Array.of(value), shape: [] });

/** Gives inputs to `use` as tensors, which live that long. */
export async function asTensors<T>(
  inputs: readonly HostArray[],
  use: (tensors: tf.Tensor[]) => Promise<T>,
): Promise<T> {
  const tensors = inputs.map(({ values, shape }) => tf.tensor(values, [...shape]));
  try {
    return await use(tensors);
  } finally {
    tf.dispose(tensors);
  }
}
