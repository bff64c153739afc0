import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { DeviceHealth } from "./health.ts";

/** What uses the device by itself asks here whether that went well. */
export interface GuardedBackend extends WebGPUBackend {
  /** Throws the first failure of the card. */
  checkHealth(): void;
}

/**
 * The package's backend with our errors. The class comes as an argument because the package may only be loaded once
 * the globals of WebGPU are there.
 */
export function createGuarded(
  Base: typeof WebGPUBackend,
  device: GPUDevice,
  info: GPUAdapterInfo,
  health: DeviceHealth,
): GuardedBackend {
  class Guarded extends Base implements GuardedBackend {
    checkHealth() {
      health.check();
    }

    /** Every program passes here. A refused command is known at once, a lost card a little later. */
    override runWebGPUProgram(...args: Parameters<WebGPUBackend["runWebGPUProgram"]>) {
      try {
        return super.runWebGPUProgram(...args);
      } finally {
        health.check();
      }
    }

    /** Every result passes here: none is given out after a failure, which may have left zeros in it. */
    override async read(dataId: object) {
      try {
        return await super.read(dataId);
      } finally {
        health.check(); // instead of the error of a read that a lost card broke off
      }
    }

    /** For what is not in main memory the package would need a browser's canvas. */
    override readSync(dataId: object) {
      const { values, dtype } = this.tensorMap.get(dataId);
      if (values == null && dtype !== "string") {
        throw new Error("A tensor on the graphics card can only be read with `await tensor.data()`.");
      }
      return super.readSync(dataId);
    }

    override dispose() {
      super.dispose();
      health.release();
      device.destroy();
    }
  }
  return new Guarded(device, info);
}
