import { cpus } from "node:os";
import * as tf from "../tf.ts";
import type { BackendInfo } from "./backend.ts";

/**
 * Starts the wasm package as it is published, without threads and with its own kernels. Only to be measured: several of
 * its kernels are wrong. It has the same name as our backend, so a process uses one of them.
 */
export async function startStockWasm(): Promise<BackendInfo> {
  const { version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  return {
    name: "wasm-stock",
    device: cpus()[0]?.model.trim() || process.arch,
    threads: 1,
    version: version_wasm,
    notes: ["the package as published, only to compare with"],
  };
}
