import { VaeError } from "../../base/errors.ts";

/**
 * What went wrong on a card since the start. WebGPU does not throw: a refused command leaves zeros, a lost card ignores
 * every command. So the first failure is kept, and thrown where the backend is used next.
 */
export class DeviceHealth {
  #failure: VaeError | undefined;
  #released = false;

  constructor(device: GPUDevice, card: string) {
    device.lost.then(({ message }) => {
      if (this.#released) return;
      this.#keep(
        `The connection to the graphics card ${card} was lost: ${sentence(message)} ` +
          "Its driver may have been reset, perhaps for a computation that took too long. " +
          "A training run goes on from its last checkpoint with `vae train --resume`.",
      );
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault(); // otherwise Dawn prints it as well
      const { error } = event as GPUUncapturedErrorEvent;
      this.#keep(
        error instanceof GPUOutOfMemoryError
          ? `The graphics card ${card} has too little memory: ${sentence(error.message)} Try a smaller --batch-size.`
          : `The graphics card ${card} refused a command, so its results cannot be trusted: ` +
              `${sentence(error.message)} If a tensor is too large for it, try a smaller --batch-size; ` +
              "otherwise this is a defect, and --backend wasm avoids it.",
      );
    });
  }

  /** Throws the first failure. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** From now on the loss of the device is intended. */
  release(): void {
    this.#released = true;
  }

  /** Only the first: what follows is its consequence. */
  #keep(message: string): void {
    this.#failure ??= new VaeError("failure", message);
  }
}

/** Dawn's messages have several lines, some without a full stop. */
export function sentence(message: string): string {
  const text = message.trim().replace(/\s*\n[\s-]*/g, " ");
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
