import * as tf from "../../tf.ts";
import { floats } from "./heap.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";

type SumCall = Call<"x", { axis: number | number[]; keepDims: boolean }>;

/**
 * Sums over the leading dimensions, above all over the batch: the gradient of every bias. The package transposes the
 * whole tensor first, which takes four times as long. Other sums are left to it.
 */
export const sum: Repair = {
  kernelName: "Sum",
  kernelFunc(call: SumCall): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const { x } = inputs;
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
    const leading = axes.length < x.shape.length && axes.every((axis, i) => axis === i);
    if (x.dtype !== "float32" || !leading) return runOriginal("Sum", call);

    const rest = x.shape.slice(axes.length);
    const out = backend.makeOutput(attrs.keepDims ? [...axes.map(() => 1), ...rest] : rest, "float32");
    sumRows(floats(backend, x), floats(backend, out));
    return out;
  },
};

/** Four columns at a time, so that a cache line is fetched once for four of them. */
function sumRows(x: Float32Array, out: Float32Array): void {
  const width = out.length;
  let column = 0;
  for (; column + 4 <= width; column += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = column; i < x.length; i += width) {
      a += x[i]!;
      b += x[i + 1]!;
      c += x[i + 2]!;
      d += x[i + 3]!;
    }
    out[column] = a;
    out[column + 1] = b;
    out[column + 2] = c;
    out[column + 3] = d;
  }
  for (; column < width; column++) {
    let sum = 0;
    for (let i = column; i < x.length; i += width) sum += x[i]!;
    out[column] = sum;
  }
}
