import * as tf from "../../tensors/tf.ts";
import { address } from "./heap.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";
import { ranges } from "./ranges.ts";
import { simd } from "./simd.ts";
import type { SimdCall } from "./simdCall.ts";

/** Numbers in a part of what is worth sharing: some 15 µs. */
const PART = 32_768;

/**
 * Exchanges the last two dimensions. The package's loop reads or writes with a long stride throughout, up to four
 * times slower where the other size is a power of two, such as a batch of 128. Other permutations are left to it.
 */
export const transpose: Repair = {
  kernelName: "Transpose",
  kernelFunc(call: Call<"x", { perm: number[] }>): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const { x } = inputs;
    const rank = x.shape.length;
    const matrices = rank > 1 && attrs.perm.every((from, axis) => from === exchanged(axis, rank));
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    if (x.dtype !== "float32" || !matrices || rows < 4 || columns < 4) return runOriginal("Transpose", call);

    const outer = x.shape.slice(0, -2);
    const out = backend.makeOutput([...outer, columns, rows], "float32");
    const [from, to] = [address(backend, x), address(backend, out)];
    const strips = ranges(rows, 4, PART / columns);
    const calls = Array.from({ length: tf.util.sizeFromShape(outer) }, (_, i) => {
      const matrix = 4 * rows * columns * i;
      return strips.map(([begin, end]): SimdCall => {
        const first = Math.min(begin, end - 4); // a last strip of fewer rows takes some of the strip before
        const at = from + matrix + 4 * columns * first;
        return ["transpose", at, 4 * columns, to + matrix + 4 * first, 4 * rows, end - first, columns];
      });
    });
    simd(backend).share(calls.flat());
    return out;
  },
};

const exchanged = (axis: number, rank: number) =>
  axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis;
