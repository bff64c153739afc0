import { VaeError } from "../../base/errors.ts";

/** Set to 1, it admits adapters that compute on the CPU: tests run on SwiftShader. */
export const SOFTWARE_VARIABLE = "VAE_WEBGPU_SOFTWARE";

const ELSE = "The wasm backend works without.";

/** What decides whether there is an adapter; tests put their own in its place. */
export interface Surroundings {
  readonly startDawn: () => Promise<GPU>;
  readonly hasVulkanLoader: () => boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

const here: Surroundings = { startDawn, hasVulkanLoader, env: process.env, platform: process.platform };

export interface OpenedAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  /** The card and its driver, as Dawn names them. */
  readonly name: string;
  readonly software: boolean;
}

/** The fastest adapter. `VaeError("failure")` says why there is none, or none that is a graphics card. */
export async function openAdapter(surroundings: Partial<Surroundings> = {}): Promise<OpenedAdapter> {
  const { startDawn, hasVulkanLoader, env, platform } = { ...here, ...surroundings };
  // Asked before Dawn is, which would write a warning of its own to the terminal.
  if (platform === "linux" && !hasVulkanLoader()) {
    throw new VaeError(
      "failure",
      "The Vulkan loader, libvulkan.so.1, is missing, and WebGPU finds graphics cards through it. " +
        `Install it (Debian, Ubuntu: apt-get install libvulkan1) beside the driver of the card. ${ELSE}`,
    );
  }
  const gpu = await startDawn().catch((error: unknown) => {
    throw notLoaded(error);
  });
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new VaeError("failure", `${NO_ADAPTER[platform] ?? NO_ADAPTER["win32"]} ${ELSE}`);
  const { name, software } = nameOf(adapter.info);
  if (software && env[SOFTWARE_VARIABLE] !== "1") {
    throw new VaeError(
      "failure",
      `There is no graphics card for WebGPU, only ${name}, which is software and slower than the wasm backend. ` +
        `Set ${SOFTWARE_VARIABLE}=1 to run on it all the same.`,
    );
  }
  return { gpu, adapter, name, software };
}

const NO_ADAPTER: Record<string, string> = {
  linux:
    "Vulkan offers no graphics card to WebGPU. `vulkaninfo --summary` (Debian, Ubuntu: vulkan-tools) shows what it " +
    "finds; a container needs the graphics part of the driver too (NVIDIA_DRIVER_CAPABILITIES=compute,graphics,utility).",
  darwin: "Metal offers no graphics card to WebGPU. Virtual machines often have none.",
  win32: "Direct3D 12 offers no graphics card to WebGPU. A newer graphics driver may help.",
};

/** Dawn reports a name such as `nvidia-h200` and, as the description, the driver. */
function nameOf(info: GPUAdapterInfo): { name: string; software: boolean } {
  const { vendor, architecture, device, description } = info;
  const card = (device || [vendor, architecture].filter(Boolean).join(" ")).replace(/-+$/, "") || "unnamed";
  const text = [vendor, architecture, device, description].join(" ");
  return {
    name: description ? `${card} (${description})` : card,
    software:
      info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|\bwarp\b|software|basic render/i.test(text),
  };
}

let dawn: GPU | undefined;

/** Dawn is the WebGPU of Chromium. One for the whole process: letting go of one that had devices crashes Node. */
async function startDawn(): Promise<GPU> {
  if (!dawn) {
    const { create, globals } = await import("webgpu");
    Object.assign(globalThis, globals); // the classes and constants that are global in a browser
    // All shaders, the package's too, write their shared memory before they read it. To have it zeroed first takes time on
    // cards, and in software seconds for each shader.
    dawn = create(["enable-dawn-features=disable_workgroup_init"]);
  }
  return dawn;
}

/** Node's error for a package that is absent, has no binary for this platform, or whose binary does not load. */
function notLoaded(error: unknown): VaeError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ERR_MODULE_NOT_FOUND: "The package webgpu is not installed; run `npm install --include=optional`.",
    MODULE_NOT_FOUND:
      `The package webgpu has no binary for ${process.platform}-${process.arch}, ` +
      "only for Linux, macOS and Windows on x64 and arm64.",
    ERR_DLOPEN_FAILED:
      `The binary of the package webgpu does not load (${message.split("\n")[0]}). ` +
      "On Linux it needs glibc 2.34, as in Debian 12 or Ubuntu 22.04, or newer.",
  };
  const reason = reasons[code ?? ""] ?? `The package webgpu does not load: ${message}.`;
  return new VaeError("failure", `${reason} ${ELSE}`, { cause: error });
}

/** Whether the system's dynamic loader finds Vulkan's. It is no Node addon, so Node always throws; the text tells. */
function hasVulkanLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, "libvulkan.so.1");
  } catch (error) {
    return !/cannot open shared object|No such file/i.test((error as Error).message);
  }
  return true;
}
