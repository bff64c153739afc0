import * as tf from "../../tensors/tf.ts";
import { floats } from "./heap.ts";
import { type BackendWasm, run } from "./kernel.ts";

export type Shape = [number, number, number, number];

export interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.ExplicitPadding;
  readonly dataFormat: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** The sizes of a convolution, checked: XNNPACK computes them itself, and where the two differ memory is overwritten. */
export function convInfo(x: Shape, filter: Shape, { strides, pad, dataFormat, dimRoundingMode }: ConvAttrs) {
  if (dataFormat !== "NHWC")
    throw new Error(`convolutions on wasm need the data format NHWC, not ${dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  const height = Math.floor((info.inHeight + top + bottom - info.filterHeight) / info.strideHeight) + 1;
  const width = Math.floor((info.inWidth + left + right - info.filterWidth) / info.strideWidth) + 1;
  if (height !== info.outHeight || width !== info.outWidth) {
    throw new Error(
      `a convolution of ${info.inHeight}x${info.inWidth} pixels, padded by ${[top, bottom, left, right]}, has ` +
        `${height}x${width} outputs, but TensorFlow.js expects ${info.outHeight}x${info.outWidth}: it takes the ` +
        "filter and the strides for square; give the padding for each side",
    );
  }
  return info;
}

/** Padding always as numbers: with "same" XNNPACK pads by itself, and corrupts memory where the filter is too small. */
export const unitConv = (rows: [number, number], columns: [number, number]) => ({
  strides: [1, 1],
  pad: [[0, 0], rows, columns, [0, 0]],
  dataFormat: "NHWC",
  dilations: [1, 1],
});

export const reshaped = (x: tf.TensorInfo, shape: number[]): tf.TensorInfo => ({ ...x, shape });

export function zeros(backend: BackendWasm, shape: number[]): tf.TensorInfo {
  const out = backend.makeOutput(shape, "float32");
  floats(backend, out).fill(0);
  return out;
}

/** Tensors to be disposed of together. */
export class Scratch {
  readonly #backend: BackendWasm;
  readonly #tensors: tf.TensorInfo[] = [];

  constructor(backend: BackendWasm) {
    this.#backend = backend;
  }

  add(x: tf.TensorInfo): tf.TensorInfo {
    this.#tensors.push(x);
    return x;
  }

  run(kernelName: string, inputs: Record<string, tf.TensorInfo>, attrs: object): tf.TensorInfo {
    return this.add(run(kernelName, this.#backend, inputs, attrs));
  }

  dispose(): void {
    for (const { dataId } of this.#tensors) this.#backend.disposeData(dataId);
  }
}
