import * as tf from "../../tensors/tf.ts";
import { address, floats } from "./heap.ts";
import { type Call, register } from "./kernel.ts";
import { ranges } from "./ranges.ts";
import { simd } from "./simd.ts";
import type { SimdCall } from "./simdCall.ts";

/** Numbers in a part of what is worth sharing: some 50 µs. */
const PART = 16_384;

/** Kernels of our own: each is one pass over memory where TensorFlow.js runs several, see `fusedKernel`. */
export function registerFusedKernels(): void {
  for (const kernel of [reluGrad, logBernoulli, logBernoulliGrad]) register(kernel);
}

const reluGrad = {
  kernelName: "ReluGrad",
  kernelFunc({ inputs: { dy, x }, backend }: Call<"dy" | "x">): tf.TensorInfo {
    const out = backend.makeOutput(x.shape, "float32");
    const size = tf.util.sizeFromShape(x.shape);
    if (size < 4) {
      const [slopes, values] = [floats(backend, dy), floats(backend, x)];
      floats(backend, out).set(slopes.map((slope, i) => (values[i]! <= 0 ? 0 : slope)));
    } else {
      const at = [dy, x, out].map((tensor) => address(backend, tensor)) as [number, number, number];
      simd(backend).call("whereAboveZero", ...at, 4 * size - 16);
    }
    return out;
  },
};

const logBernoulli = {
  kernelName: "LogBernoulli",
  kernelFunc({ inputs: { logits, x }, backend }: Call<"logits" | "x">): tf.TensorInfo {
    const [B, D] = logits.shape as [number, number];
    const out = backend.makeOutput([B], "float32");
    shareRows(backend, [B, D], (row, count, scratch) => [
      "logBernoulli",
      address(backend, logits) + 4 * D * row,
      address(backend, x) + 4 * D * row,
      address(backend, out) + 4 * row,
      ...[count, 4 * D - 16, scratch],
    ]);
    return out;
  },
};

const logBernoulliGrad = {
  kernelName: "LogBernoulliGrad",
  kernelFunc({ inputs: { dy, logits, x }, backend }: Call<"dy" | "logits" | "x">): tf.TensorInfo {
    const [B, D] = logits.shape as [number, number];
    const out = backend.makeOutput([B, D], "float32");
    shareRows(backend, [B, D], (row, count, scratch) => [
      "logBernoulliGrad",
      address(backend, dy) + 4 * row,
      ...[logits, x, out].map((tensor) => address(backend, tensor) + 4 * D * row),
      ...[count, 4 * D - 16, scratch],
    ]);
    return out;
  },
};

/** Calls for `count` rows of [B, D] from `row` on, each with scratch memory for a row of its own. */
function shareRows(
  backend: Call<never>["backend"],
  [B, D]: readonly [B: number, D: number],
  call: (row: number, count: number, scratch: number) => SimdCall,
): void {
  const parts = ranges(B, 1, PART / D);
  const scratch = backend.makeOutput([parts.length, D], "float32");
  const at = address(backend, scratch);
  simd(backend).share(parts.map(([begin, end], i) => call(begin, end - begin, at + 4 * D * i)));
  backend.disposeData(scratch.dataId);
}
