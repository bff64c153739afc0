import { cpus } from "node:os";
import * as tf from "../tensors/tf.ts";
import type { BackendInfo } from "./backend.ts";
import { kernelRepairs, type Repair } from "./kernelRepairs.ts";

const { install, runOriginal } = kernelRepairs("wasm");

/** Our dense layers multiply single matrices; the package's kernel takes batches, and reads beyond them otherwise. */
const onSingleMatrices: Repair = {
  kernelName: tf._FusedMatMul,
  kernelFunc(call: { inputs: Record<"a" | "b" | "bias", tf.TensorInfo> }) {
    const { a, b, bias } = call.inputs;
    const batch = (x: tf.TensorInfo) => ({ ...x, shape: [1, ...x.shape] });
    const y = runOriginal(tf._FusedMatMul, { ...call, inputs: { a: batch(a), b: batch(b), bias } });
    return { ...y, shape: y.shape.slice(1) };
  },
};

/**
 * Starts the wasm package as it is published, without threads and with its own kernels. Only to be measured: several of
 * its kernels are wrong. It has the same name as our backend, so a process uses one of them.
 */
export async function startStockWasm(): Promise<BackendInfo> {
  const { version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  install(onSingleMatrices);
  return {
    name: "wasm-stock",
    device: cpus()[0]?.model.trim() || process.arch,
    threads: 1,
    memory: 2 ** 32,
    version: version_wasm,
    notes: ["the package as published, only to compare with"],
  };
}
