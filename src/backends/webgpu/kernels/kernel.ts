import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "../../../tensors/tf.ts";
import { kernelRepairs, type Repair } from "../../kernelRepairs.ts";

export type { Repair, WebGPUBackend };

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs = unknown> {
  readonly inputs: Readonly<Record<Inputs, tf.TensorInfo>>;
  readonly backend: WebGPUBackend;
  readonly attrs: Attrs;
}

export const { install, runOriginal } = kernelRepairs("webgpu");

/** Registers a kernel that the package does not have. Done again, it changes nothing. */
export function register({ kernelName, kernelFunc }: Repair): void {
  if (tf.getKernel(kernelName, "webgpu")) return;
  tf.registerKernel({ kernelName, backendName: "webgpu", kernelFunc } as tf.KernelConfig);
}
