import { allowThreads } from "../base/ahead.ts";
import { didYouMean, VaeError } from "../base/errors.ts";
import { registerGradients } from "../tensors/gradients.ts";
import * as tf from "../tensors/tf.ts";
import type { BackendInfo, BackendLoader, BackendOptions } from "./backend.ts";
import { cpu } from "./cpu.ts";
import type { RecordPass, RecordStep } from "./recording.ts";
import { selfTest } from "./selfTest.ts";
import { tensorflow } from "./tensorflow.ts";
import { wasm } from "./wasm.ts";
import { webgpu } from "./webgpu.ts";

export {
  type AdamAttrs,
  type AdamConstants,
  type AdamSlot,
  adamStep,
  keptShare,
  squaredNorm,
} from "./adam.ts";
export type { BackendInfo, BackendLoader, BackendOptions } from "./backend.ts";
export { applyUpdate, type OptimizerSlot, type StepSettings, type UpdateRule } from "./optimizer.ts";
export type {
  PassProgram,
  RecordedPass,
  RecordedStep,
  RecordPass,
  RecordStep,
  StepProgram,
} from "./recording.ts";

/** Every backend there is. */
export const backends = { tensorflow, webgpu, wasm, cpu } satisfies Record<string, BackendLoader>;

export type BackendName = keyof typeof backends;

export const backendNames = Object.keys(backends) as BackendName[];

/** What `auto` tries, best first. The plain `cpu` backend is a reference and far slower: only when asked for. */
const automatic: readonly BackendName[] = ["tensorflow", "webgpu", "wasm"];

const cpuOnly: readonly BackendLoader[] = [wasm, cpu];

/**
 * Starts a backend, makes it the current one and checks that it computes. `auto` takes the first that passes; the
 * notes of what it returns say why better ones were passed over. Tensors of an earlier start of it are lost.
 */
export async function useBackend(
  name: "auto" | (string & {}) = "auto",
  options: BackendOptions = { threads: "auto" },
): Promise<BackendInfo> {
  if (name !== "auto") return start(find(name), options);
  const refusals: string[] = [];
  for (const candidate of automatic) {
    try {
      const info = await start(backends[candidate], options);
      return { ...info, notes: [...refusals, ...info.notes] };
    } catch (error) {
      refusals.push(`not ${candidate}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new VaeError(
    "failure",
    `No backend works here (${refusals.join("; ")}). The backend cpu always does.`,
  );
}

/** How the current backend records a training step; undefined where it cannot. */
export const stepRecorder = (): RecordStep | undefined => current()?.recordStep;

/** How it records a pass through the model; undefined where it cannot, or where that does not pay. */
export const passRecorder = (): RecordPass | undefined => current()?.recordPass;

const current = (): BackendLoader | undefined => backends[tf.getBackend() as BackendName];

async function start(loader: BackendLoader, options: BackendOptions): Promise<BackendInfo> {
  if (options.device === "gpu" && cpuOnly.includes(loader)) {
    throw new VaeError(
      "failure",
      `The ${loader.name} backend runs on the CPU alone, but the device is to be gpu.`,
    );
  }
  registerGradients();
  // Several runs on one processor, each with a thread, are slower by what a second thread of each costs the others. Where a
  // graphics card computes, the processor is free for it.
  allowThreads(loader === webgpu ? "auto" : options.threads);
  const info = await loader.load(options);
  // setBackend answers false, and leaves another backend current, when initialising failed.
  if (!(await tf.setBackend(loader.name)) || tf.getBackend() !== loader.name) {
    throw new VaeError("failure", `The ${loader.name} backend was loaded but could not be initialised.`);
  }
  await selfTest(loader.name);
  return info;
}

function find(name: string): BackendLoader {
  if (Object.hasOwn(backends, name)) return backends[name as BackendName];
  const names = ["auto", ...backendNames];
  throw new VaeError(
    "usage",
    `There is no backend "${name}". Accepted: ${names.join(", ")}.${didYouMean(name, names)}`,
  );
}
