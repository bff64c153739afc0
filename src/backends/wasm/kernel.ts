import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "../../tensors/tf.ts";
import { kernelRepairs } from "../kernelRepairs.ts";

export type { Repair } from "../kernelRepairs.ts";
export type { BackendWasm };

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs = unknown> {
  readonly inputs: Readonly<Record<Inputs, tf.TensorInfo>>;
  readonly backend: BackendWasm;
  readonly attrs: Attrs;
}

export const { install, register, runOriginal } = kernelRepairs("wasm");

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
