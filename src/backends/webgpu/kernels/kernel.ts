import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type * as tf from "../../../tensors/tf.ts";
import { kernelRepairs, type Repair } from "../../kernelRepairs.ts";

export type { Repair, WebGPUBackend };

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs = unknown> {
  readonly inputs: Readonly<Record<Inputs, tf.TensorInfo>>;
  readonly backend: WebGPUBackend;
  readonly attrs: Attrs;
}

export const { install, register, runOriginal } = kernelRepairs("webgpu");
