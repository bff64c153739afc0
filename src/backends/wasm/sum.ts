import * as tf from "../../tensors/tf.ts";
import { address, floats } from "./heap.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";
import { simd } from "./simd.ts";

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
    const width = tf.util.sizeFromShape(rest);
    const rows = tf.util.sizeFromShape(x.shape) / (width || 1);
    if (width < 4 || rows === 0) sumRows(floats(backend, x), floats(backend, out));
    else simd(backend).call("sumRows", address(backend, x), rows, address(backend, out), 4 * width - 16);
    return out;
  },
};

/** The same for few columns. */
function sumRows(x: Float32Array, out: Float32Array): void {
  for (const column of out.keys()) {
    let sum = 0;
    for (let i = column; i < x.length; i += out.length) sum += x[i]!;
    out[column] = sum;
  }
}
