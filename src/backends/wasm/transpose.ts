import * as tf from "../../tf.ts";
import { floats } from "./heap.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";

/** Columns at a time: what a tile of eight rows writes then stays in the cache. */
const TILE = 16;

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
    if (x.dtype !== "float32" || !matrices) return runOriginal("Transpose", call);

    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const outer = x.shape.slice(0, -2);
    const out = backend.makeOutput([...outer, columns, rows], "float32");
    const [from, to] = [floats(backend, x), floats(backend, out)];
    for (let i = 0; i < tf.util.sizeFromShape(outer); i++) {
      const [begin, end] = [i * rows * columns, (i + 1) * rows * columns];
      transposeMatrix(from.subarray(begin, end), to.subarray(begin, end), rows, columns);
    }
    return out;
  },
};

const exchanged = (axis: number, rank: number) =>
  axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis;

function transposeMatrix(from: Float32Array, to: Float32Array, rows: number, columns: number): void {
  const whole = rows - (rows % 8);
  for (let left = 0; left < columns; left += TILE) {
    const right = Math.min(left + TILE, columns);
    for (let row = 0; row < whole; row += 8) {
      for (let column = left; column < right; column++) {
        const i = row * columns + column;
        const j = column * rows + row;
        to[j] = from[i]!;
        to[j + 1] = from[i + columns]!;
        to[j + 2] = from[i + 2 * columns]!;
        to[j + 3] = from[i + 3 * columns]!;
        to[j + 4] = from[i + 4 * columns]!;
        to[j + 5] = from[i + 5 * columns]!;
        to[j + 6] = from[i + 6 * columns]!;
        to[j + 7] = from[i + 7 * columns]!;
      }
    }
    for (let row = whole; row < rows; row++) {
      for (let column = left; column < right; column++)
        to[column * rows + row] = from[row * columns + column]!;
    }
  }
}
