import { availableParallelism, cpus } from "node:os";
import { CARD_MEMORY, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import * as tf from "../tensors/tf.ts";
import type { BackendLoader, BackendOptions } from "./backend.ts";
import type { RecordPass } from "./recording.ts";
import { registerAdamKernel } from "./tensorflow/adam.ts";
import { gpuName, hasNvidiaCard, probe, whyNoGpu } from "./tensorflow/gpu.ts";
import { findInstallation } from "./tensorflow/installation.ts";
import { installRepairs } from "./tensorflow/repairs.ts";
import { type NodeBackend, openBinding, registerTfjsNode } from "./tensorflow/tfjsNode.ts";

/** The TensorFlow library through tfjs-node: the fastest on the CPU, and the way to CUDA. */
export const tensorflow: BackendLoader = {
  name: "tensorflow",
  summary: "NVIDIA GPU or CPU, by the TensorFlow library; `vae setup tensorflow` installs it",

  async load({ threads, device = "auto" }) {
    const installation = findInstallation();
    const quiet = process.env["TF_CPP_MIN_LOG_LEVEL"] === undefined;
    setEnvironment({ threads, device });
    const binding = openBinding(installation, { quiet });
    const gpu = binding.isUsingGpuDevice();
    if (gpu && device === "cpu") {
      throw new VaeError("failure", "TensorFlow runs on the GPU in this process and stays there.");
    }
    const notes: string[] = [];
    if (!gpu && (device === "gpu" || (device === "auto" && hasNvidiaCard()))) {
      const reason = whyNoGpu((await probe(installation.binding)).log);
      if (device === "gpu") {
        throw new VaeError("failure", `TensorFlow in ${installation.folder} uses no GPU. ${reason}`);
      }
      notes.push(`the CPU, although there is an NVIDIA card: ${reason}`);
    }
    registerTfjsNode(installation, binding);
    registerAdamKernel(binding);
    installRepairs();
    return {
      name: "tensorflow",
      device: gpu ? await gpuName() : `${cpus()[0]?.model.trim() || process.arch}, CPU`,
      memory: gpu ? CARD_MEMORY : memoryLimit(),
      threads: Number(process.env["TF_NUM_INTRAOP_THREADS"]) || availableParallelism(),
      version: `TensorFlow ${binding.TF_Version}`,
      notes,
    };
  },

  async recordStep(program, inputs) {
    const { recordStep } = await import("./tensorflow/recording/recordStep.ts");
    return recordStep(program, inputs);
  },

  get recordPass() {
    return isUsingGpu() ? undefined : recordPass;
  },
};

/** A session takes what it is given from the host's memory: on a graphics card the weights would travel at each run. */
const isUsingGpu = () => (tf.backend() as NodeBackend).binding.isUsingGpuDevice();

const recordPass: RecordPass = async (program, inputs) => {
  const recording = await import("./tensorflow/recording/recordPass.ts");
  return recording.recordPass(program, inputs);
};

/** More than any processor has cores; TensorFlow starts as many as it is told, and takes memory for each. */
const MAX_THREADS = 1024;

/** What TensorFlow reads once, when it is opened. What options leave open and the user has set stays as it is. */
function setEnvironment({ threads, device }: BackendOptions): void {
  const { env } = process;
  if (threads !== "auto") env["TF_NUM_INTRAOP_THREADS"] = String(Math.min(threads, MAX_THREADS));
  if (device === "cpu") env["CUDA_VISIBLE_DEVICES"] = "-1";
  // One card: with several, tfjs-node would upload to the last and compute on the first.
  env["CUDA_VISIBLE_DEVICES"] ??= "0";
  env["TF_FORCE_GPU_ALLOW_GROWTH"] ??= "true"; // otherwise all of the card's memory is taken at once
  env["TF_DETERMINISTIC_OPS"] ??= "1"; // the same seed gives the same bits
  env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
}
