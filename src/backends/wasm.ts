import { availableParallelism, cpus } from "node:os";
import { memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import * as tf from "../tensors/tf.ts";
import { type ArrayAccess, registerArrayKernels } from "./arrayKernels.ts";
import type { BackendLoader } from "./backend.ts";
import { adamCalls } from "./wasm/adamSimd.ts";
import { instantiate, type WasmModule } from "./wasm/glue.ts";
import { address, changedInPlace, floats } from "./wasm/heap.ts";
import type { BackendWasm } from "./wasm/kernel.ts";
import { installRepairs } from "./wasm/repairs.ts";
import { simd } from "./wasm/simd.ts";

/** The C++ side takes no more. */
const MAX_THREADS = 8;

/** What addresses of 32 bits reach. */
const MAX_MEMORY = 2 ** 32;

/** WebAssembly with SIMD and threads. Needs nothing but npm; with its repairs it is a fast CPU backend. */
export const wasm: BackendLoader = {
  name: "wasm",
  summary: "CPU, by WebAssembly with SIMD and threads; works everywhere",

  async load({ threads }) {
    const wanted = Math.min(threads === "auto" ? availableParallelism() : threads, MAX_THREADS);
    const { module, notes } = await startModule(wanted);
    if (threads !== "auto" && threads > MAX_THREADS)
      notes.push(`${MAX_THREADS} threads are the most, not ${threads}`);

    // Importing the package registers its kernels, and a backend that would start by itself, without threads.
    const tfjs = await import("@tensorflow/tfjs-backend-wasm");
    tf.removeBackend("wasm"); // the package's, or our own of an earlier call
    installRepairs();
    registerArrayKernels("wasm", access);
    tfjs.setThreadsCount(wanted);
    const backend = new tfjs.BackendWasm(module as never); // an Emscripten module is typed with far more than is used
    tf.registerBackend("wasm", () => backend);
    return {
      name: "wasm",
      device: cpus()[0]?.model.trim() || process.arch,
      threads: module.tfjs.getThreadsCount(),
      memory: Math.min(MAX_MEMORY, memoryLimit()),
      version: tfjs.version_wasm,
      notes,
    };
  },
};

const access: ArrayAccess = {
  adam(kernelBackend, { param, m, v, grad }, attrs) {
    const backend = kernelBackend as BackendWasm;
    const at = (x: tf.TensorInfo) => address(backend, x);
    const count = tf.util.sizeFromShape(param.shape);
    simd(backend).share(adamCalls([at(param), at(m), at(v), at(grad)], count, attrs));
    for (const x of [param, m, v]) changedInPlace(backend, x);
  },
  read: (backend, x) => floats(backend as BackendWasm, x),
  update(backend, xs, change) {
    change(...xs.map((x) => floats(backend as BackendWasm, x)));
    for (const x of xs) changedInPlace(backend as BackendWasm, x);
  },
};

/** Threads are a matter of speed only: where their workers cannot start, one thread computes the same numbers. */
async function startModule(threads: number): Promise<{ module: WasmModule; notes: string[] }> {
  const notes: string[] = [];
  if (threads > 1) {
    try {
      return { module: await instantiate(threads), notes };
    } catch (error) {
      notes.push(`one thread instead of ${threads}: ${error instanceof Error ? error.message : error}`);
    }
  }
  try {
    return { module: await instantiate(1), notes };
  } catch (error) {
    throw new VaeError(
      "failure",
      `WebAssembly did not start: ${error instanceof Error ? error.message : error}. ` +
        "If files of @tensorflow/tfjs-backend-wasm are missing, run `npm ci`; " +
        "on a processor without SIMD (before 2008), use the backend cpu.",
      { cause: error },
    );
  }
}
