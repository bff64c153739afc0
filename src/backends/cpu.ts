import { cpus } from "node:os";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { memoryLimit } from "../base/bytes.ts";
import * as tf from "../tensors/tf.ts";
import { type ArrayAccess, registerArrayKernels } from "./arrayKernels.ts";
import type { BackendLoader } from "./backend.ts";

/** TensorFlow.js in plain JavaScript: slow and easy to trust, the reference that the tests compare with. */
export const cpu: BackendLoader = {
  name: "cpu",
  summary: "CPU, in plain JavaScript; a reference for tests, many times slower than wasm",

  async load() {
    tf.enableProdMode(); // otherwise the first tensor prints a banner that recommends another package
    const { version_cpu } = await import("@tensorflow/tfjs-backend-cpu");
    registerArrayKernels("cpu", access);
    return {
      name: "cpu",
      device: cpus()[0]?.model.trim() || process.arch,
      threads: 1,
      memory: memoryLimit(),
      version: version_cpu,
      notes: [],
    };
  },
};

/**
 * This backend hands out its arrays: to `dataSync`, to slices, and it keeps those that a tensor was made from. So an
 * update in place puts a changed copy in the tensor's place, and whoever holds the old array keeps the old numbers.
 */
const access: ArrayAccess = {
  read: (backend, x) => valuesOf(backend, x).values as Float32Array,
  update(backend, xs, change) {
    const buffers = xs.map((x) => valuesOf(backend, x));
    const copies = buffers.map(({ values }) => Float32Array.from(values as Float32Array));
    change(...copies);
    for (const [i, buffer] of buffers.entries()) buffer.values = copies[i]!;
  },
};

const valuesOf = (backend: tf.KernelBackend, x: tf.TensorInfo) =>
  (backend as MathBackendCPU).data.get(x.dataId);
