import { describe, expect, it } from "vitest";
import { openAdapter, type Surroundings } from "../../src/backends/webgpu/adapter.ts";
import { DeviceHealth } from "../../src/backends/webgpu/health.ts";
import { createLoader } from "../../src/backends/webgpu.ts";
import { VaeError } from "../../src/base/errors.ts";

const card = {
  vendor: "nvidia",
  architecture: "hopper",
  device: "nvidia-h200",
  description: "NVIDIA: 550.54",
};
const swiftShader = {
  vendor: "google",
  architecture: "swiftshader",
  device: "swiftshader-device-subzero-",
  description: "SwiftShader driver 5.0.0",
};

/** A machine whose Dawn answers with an adapter of this description. */
function machine(info: object | null, more: Partial<Surroundings> = {}): Surroundings {
  const adapter = info && { info: { isFallbackAdapter: false, ...info }, limits: {}, features: new Set() };
  const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
  return {
    startDawn: async () => gpu,
    hasVulkanLoader: () => true,
    env: {},
    platform: "linux",
    ...more,
  };
}

const failsToImport = (code: string, message: string) =>
  machine(card, { startDawn: () => Promise.reject(Object.assign(new Error(message), { code })) });

/** The message of the expected failure. */
async function refusal(surroundings: Surroundings): Promise<string> {
  const error = await openAdapter(surroundings).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(VaeError);
  expect(error).toHaveProperty("code", "failure");
  return (error as VaeError).message;
}

describe("the adapter", () => {
  it("is named with its driver", async () => {
    expect(await openAdapter(machine(card))).toMatchObject({
      name: "nvidia-h200 (NVIDIA: 550.54)",
      software: false,
    });
    const bare = { vendor: "apple", architecture: "metal-3", device: "", description: "" };
    expect(await openAdapter(machine(bare))).toMatchObject({ name: "apple metal-3" });
  });

  it("is refused where it is software, unless asked for", async () => {
    expect(await refusal(machine(swiftShader))).toBe(
      "There is no graphics card for WebGPU, only swiftshader-device-subzero (SwiftShader driver 5.0.0), which is " +
        "software and slower than the wasm backend. Set VAE_WEBGPU_SOFTWARE=1 to run on it all the same.",
    );
    const asked = machine(swiftShader, { env: { VAE_WEBGPU_SOFTWARE: "1" } });
    expect(await openAdapter(asked)).toMatchObject({ software: true });
  });

  it.each([
    { vendor: "mesa", architecture: "llvmpipe", device: "llvmpipe-llvm-15-0-6-256-bits-", description: "" },
    { vendor: "microsoft", architecture: "warp", device: "microsoft-basic-render-driver", description: "" },
    { vendor: "", architecture: "", device: "unheard-of", description: "", isFallbackAdapter: true },
  ])("is software: $device", async (info) => {
    expect(await refusal(machine(info))).toContain("which is software");
  });
});

describe("where there is no adapter, the reason is said", () => {
  it("no Vulkan loader; Dawn is not even loaded", async () => {
    const startDawn = () => Promise.reject(new Error("loaded"));
    expect(await refusal(machine(card, { hasVulkanLoader: () => false, startDawn }))).toBe(
      "The Vulkan loader, libvulkan.so.1, is missing, and WebGPU finds graphics cards through it. " +
        "Install it (Debian, Ubuntu: apt-get install libvulkan1) beside the driver of the card. The wasm backend works without.",
    );
    const mac = machine(card, { hasVulkanLoader: () => false, platform: "darwin" });
    expect(await openAdapter(mac)).toMatchObject({ software: false });
  });

  it("no card", async () => {
    expect(await refusal(machine(null))).toMatch(
      /^Vulkan offers no graphics card.*NVIDIA_DRIVER_CAPABILITIES/,
    );
    expect(await refusal(machine(null, { platform: "darwin" }))).toMatch(/^Metal offers no graphics card/);
    expect(await refusal(machine(null, { platform: "win32" }))).toMatch(
      /^Direct3D 12 offers no graphics card/,
    );
  });

  it("the package is missing, has no binary, or its binary does not load", async () => {
    expect(await refusal(failsToImport("ERR_MODULE_NOT_FOUND", "Cannot find package 'webgpu'"))).toBe(
      "The package webgpu is not installed; run `npm install --include=optional`. The wasm backend works without.",
    );
    expect(await refusal(failsToImport("MODULE_NOT_FOUND", "Cannot find module 'dawn.node'"))).toMatch(
      /^The package webgpu has no binary for \w+-\w+, only for Linux, macOS and Windows on x64 and arm64\./,
    );
    const old = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by dawn.node)";
    expect(await refusal(failsToImport("ERR_DLOPEN_FAILED", old))).toBe(
      `The binary of the package webgpu does not load (${old}). On Linux it needs glibc 2.34, as in Debian 12 or ` +
        "Ubuntu 22.04, or newer. The wasm backend works without.",
    );
    expect(await refusal(failsToImport("", "something else"))).toContain("does not load: something else.");
  });

  it("the card does not start", async () => {
    const broken = machine(card);
    const { gpu, adapter } = await openAdapter(broken);
    Object.assign(adapter, { requestDevice: () => Promise.reject(new Error("out of host memory")) });
    const loader = createLoader({ ...broken, startDawn: async () => gpu });
    await expect(loader.load({ threads: 1 })).rejects.toThrow(
      "The graphics card nvidia-h200 (NVIDIA: 550.54) was found but does not start: out of host memory.",
    );
  });
});

describe("the health of a device", () => {
  class GPUOutOfMemoryError extends Error {}
  Object.assign(globalThis, { GPUOutOfMemoryError });

  class FakeDevice extends EventTarget {
    lose: (info: { message: string }) => void = () => {};
    readonly lost = new Promise<{ message: string }>((resolve) => {
      this.lose = resolve;
    });

    /** Whether the listener took the error, so that nobody prints it. */
    fail(error: Error): boolean {
      return !this.dispatchEvent(
        Object.assign(new Event("uncapturederror", { cancelable: true }), { error }),
      );
    }
  }

  function watched() {
    const device = new FakeDevice();
    return { device, health: new DeviceHealth(device as never, "nvidia-h200") };
  }

  it("keeps the first failure, and Dawn from printing it", () => {
    const { device, health } = watched();
    health.check();
    expect(device.fail(new Error("Buffer is invalid.\n - While calling [Queue].Submit()\n"))).toBe(true);
    device.fail(new GPUOutOfMemoryError("none left"));
    expect(() => health.check()).toThrow(
      "The graphics card nvidia-h200 refused a command, so its results cannot be trusted: " +
        "Buffer is invalid. While calling [Queue].Submit(). " +
        "If a tensor is too large for it, try a smaller --batch-size; " +
        "otherwise this is a defect, and --backend wasm avoids it.",
    );
  });

  it("tells a lack of memory", () => {
    const { device, health } = watched();
    device.fail(new GPUOutOfMemoryError("none left"));
    expect(() => health.check()).toThrow(
      "The graphics card nvidia-h200 has too little memory: none left. Try a smaller --batch-size.",
    );
  });

  it("tells a lost card from one that was given back", async () => {
    const lost = watched();
    lost.device.lose({ message: "GPU hang" });
    await lost.device.lost;
    expect(() => lost.health.check()).toThrow(
      /^The connection to the graphics card nvidia-h200 was lost: GPU hang\..*`vae train --resume`/,
    );

    const released = watched();
    released.health.release();
    released.device.lose({ message: "destroyed" });
    await released.device.lost;
    released.health.check();
  });
});
