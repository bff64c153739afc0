import * as tf from "../../tensors/tf.ts";
import { floats } from "./heap.ts";
import type { Call, Repair } from "./kernel.ts";

type MaxPoolGradCall = Call<
  "dy" | "input",
  {
    filterSize: [number, number] | number;
    strides: [number, number] | number;
    pad: "valid" | "same" | number | tf.ExplicitPadding;
    dimRoundingMode?: "floor" | "round" | "ceil";
  }
>;

/**
 * The gradient goes to the first largest element of each window. The package starts its search from the smallest
 * positive float, so it finds none in a window without a positive element and gives that gradient to another pixel.
 */
export const maxPoolGrad: Repair = {
  kernelName: "MaxPoolGrad",
  kernelFunc({ inputs: { dy, input }, backend, attrs }: MaxPoolGradCall): tf.TensorInfo {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = input.shape as [number, number, number, number]; // [B, H, W, C]
    const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const dx = backend.makeOutput(shape, "float32");
    const [x, from, to] = [floats(backend, input), floats(backend, dy), floats(backend, dx)];
    to.fill(0);

    const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels: C } = info;
    let i = 0; // of dy
    for (let b = 0; b < batchSize; b++) {
      for (let row = 0; row < outHeight; row++) {
        const top = row * info.strideHeight - info.padInfo.top;
        const rows: [number, number] = [Math.max(0, top), Math.min(inHeight, top + info.filterHeight)];
        for (let column = 0; column < outWidth; column++) {
          const left = column * info.strideWidth - info.padInfo.left;
          const columns: [number, number] = [Math.max(0, left), Math.min(inWidth, left + info.filterWidth)];
          for (let c = 0; c < C; c++) {
            const origin = b * inHeight * inWidth * C + c;
            to[largest(x, origin, rows, columns, inWidth, C)]! += from[i++]!;
          }
        }
      }
    }
    return dx;
  },
};

/** The place of the first largest element of a window in one image and channel. */
function largest(
  x: Float32Array,
  origin: number,
  [top, bottom]: [number, number],
  [left, right]: [number, number],
  width: number,
  channels: number,
): number {
  let best = origin + (top * width + left) * channels;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = origin + (row * width + column) * channels;
      if (x[at]! > x[best]!) best = at;
    }
  }
  return best;
}
