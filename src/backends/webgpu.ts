import { createRequire } from "node:module";
import { CARD_MEMORY } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import * as tf from "../tensors/tf.ts";
import type { BackendLoader } from "./backend.ts";
import { type OpenedAdapter, openAdapter, type Surroundings } from "./webgpu/adapter.ts";
import { createGuarded } from "./webgpu/guarded.ts";
import { DeviceHealth } from "./webgpu/health.ts";
import { installKernels } from "./webgpu/kernels/index.ts";

/**
 * Graphics cards of every make, by TensorFlow.js's WebGPU backend on Dawn. Tensors can only be read asynchronously,
 * `await tensor.data()`; that is also where a failure of the card comes to light.
 */
export const webgpu: BackendLoader = createLoader();

/** For tests, which put parts of the surroundings in place of the real ones. */
export function createLoader(surroundings?: Partial<Surroundings>): BackendLoader {
  return {
    name: "webgpu",
    summary: "graphics card of any make, by WebGPU (Vulkan, Metal or Direct3D 12)",

    async load() {
      const opened = await openAdapter(surroundings);
      const device = await openDevice(opened);
      provideNavigator(opened.gpu);
      const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu"); // needs the globals when it loads
      tf.removeBackend("webgpu"); // the package's, or our own of an earlier call
      // The choice otherwise made for few rows and long columns adds atomically, so that no two runs agree.
      tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", PACKED_MATMUL);
      // Otherwise small tensors are computed on the CPU if they happen to be there, with other roundings.
      tf.env().set("WEBGPU_CPU_FORWARD", false);
      installKernels();
      const health = new DeviceHealth(device, opened.name);
      const backend = createGuarded(WebGPUBackend, device, opened.adapter.info, health);
      tf.registerBackend("webgpu", () => backend);
      return {
        name: "webgpu",
        device: opened.name,
        threads: 1,
        memory: CARD_MEMORY,
        version: `${versionOf("@tensorflow/tfjs-backend-webgpu")} on Dawn ${versionOf("webgpu")}`,
        notes: opened.software ? ["software instead of a graphics card: for tests only"] : [],
      };
    },

    async recordStep(program, inputs) {
      const { recordStep } = await import("./webgpu/recording/recordStep.ts");
      return recordStep(program, inputs);
    },

    async recordPass(program, inputs) {
      const { recordPass } = await import("./webgpu/recording/recordPass.ts");
      return recordPass(program, inputs);
    },
  };
}

/** `MatMulProgramType.MatMulPackedProgram` of the package. */
const PACKED_MATMUL = 3;

/** A device with the adapter's own limits; WebGPU's defaults allow no tensor of more than 128 MiB. */
async function openDevice({ adapter, name }: OpenedAdapter): Promise<GPUDevice> {
  const limits = [
    "maxBufferSize",
    "maxStorageBufferBindingSize",
    "maxStorageBuffersPerShaderStage",
    "maxComputeWorkgroupStorageSize",
    "maxComputeWorkgroupsPerDimension",
    "maxComputeWorkgroupSizeX",
    "maxComputeInvocationsPerWorkgroup",
  ] as const;
  try {
    return await adapter.requestDevice({
      requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
    });
  } catch (error) {
    throw new VaeError(
      "failure",
      `The graphics card ${name} was found but does not start: ${error instanceof Error ? error.message : error}. ` +
        "A newer driver may help. The wasm backend works without.",
      { cause: error },
    );
  }
}

/** The package looks for `navigator.gpu`. */
function provideNavigator(gpu: GPU): void {
  const host = globalThis as { navigator?: object };
  // Node 20 has none; the name keeps other packages from taking Node for a browser.
  host.navigator ??= { userAgent: `Node.js/${process.versions.node}` };
  Object.defineProperty(host.navigator, "gpu", { value: gpu, configurable: true });
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}
