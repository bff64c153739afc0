import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "../../tf.ts";

export type { BackendWasm };

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs = unknown> {
  readonly inputs: Readonly<Record<Inputs, tf.TensorInfo>>;
  readonly backend: BackendWasm;
  readonly attrs: Attrs;
}

/** A kernel that takes the place of the package's own. */
export interface Repair {
  readonly kernelName: string;
  // Each repair states its own inputs and attributes; TensorFlow.js finds kernels by name and cannot check them.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly kernelFunc: (call: any) => tf.TensorInfo | tf.TensorInfo[];
}

const originals = new Map<string, tf.KernelConfig>();

/** Puts a repair in the place of the package's kernel; done again, it changes nothing. */
export function install({ kernelName, kernelFunc }: Repair): void {
  if (originals.has(kernelName)) return;
  const original = tf.getKernel(kernelName, "wasm");
  originals.set(kernelName, original);
  tf.unregisterKernel(kernelName, "wasm");
  // The original is still set up with each backend: other kernels of the package call it directly.
  tf.registerKernel({ ...original, kernelFunc });
}

/** Runs the package's own kernel, for the cases that a repair leaves to it. */
export function runOriginal<T extends tf.TensorInfo | tf.TensorInfo[]>(
  kernelName: string,
  call: { inputs: object; backend: BackendWasm; attrs?: unknown },
): T {
  return originals.get(kernelName)!.kernelFunc(call as Parameters<tf.KernelFunc>[0]) as T;
}

/** Runs a registered kernel on tensor infos, without the tape and the bookkeeping of an operation. */
export function run(
  kernelName: string,
  backend: BackendWasm,
  inputs: Record<string, tf.TensorInfo>,
  attrs: object = {},
): tf.TensorInfo {
  const kernel = tf.getKernel(kernelName, "wasm");
  return kernel.kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo;
}
