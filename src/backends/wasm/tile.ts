import * as tf from "../../tensors/tf.ts";
import { floats } from "./heap.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";

/** The package computes the coordinates of every element anew: 40 ns each. Behind `tile` and `broadcastTo`. */
export const tile: Repair = {
  kernelName: "Tile",
  kernelFunc(call: Call<"x", { reps: number[] }>): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const { x } = inputs;
    if (x.dtype !== "float32" || x.shape.length === 0) return runOriginal("Tile", call);
    const out = backend.makeOutput(
      x.shape.map((size, axis) => size * attrs.reps[axis]!),
      "float32",
    );
    // From the last dimension to the first: whatever lies below a dimension is repeated as one block.
    let values = floats(backend, x);
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const block = tf.util.sizeFromShape(out.shape.slice(axis + 1)) * x.shape[axis]!;
      if (attrs.reps[axis] !== 1) values = repeatBlocks(values, block, attrs.reps[axis]!);
    }
    floats(backend, out).set(values);
    return out;
  },
};

/** Each block of `size` elements `times` times in a row. */
function repeatBlocks(values: Float32Array, size: number, times: number): Float32Array {
  const out = new Float32Array(values.length * times);
  for (let from = 0; from < values.length; from += size) {
    const to = from * times;
    if (size === 1) {
      out.fill(values[from]!, to, to + times);
      continue;
    }
    out.set(values.subarray(from, from + size), to);
    for (let done = size; done < size * times; done *= 2)
      out.copyWithin(to + done, to, to + Math.min(done, size * times - done));
  }
  return out;
}
