import { TracedBuffer } from "./memory.ts";
import type { Memory } from "./trace.ts";

/** Real buffers for those of a trace, until `dispose`; none of them is the backend's. */
export class Allocation {
  readonly #device: GPUDevice;
  readonly #buffers: GPUBuffer[] = [];
  readonly #bindings = new Map<Memory, GPUBufferBinding>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Memory of zeros. */
  create(
    size: number,
    usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  ): GPUBuffer {
    const buffer = this.#device.createBuffer({ size, usage });
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Decides what a memory of the trace is bound to. */
  bind(memory: Memory, binding: GPUBufferBinding): void {
    this.#bindings.set(memory, binding);
  }

  /** What a memory of the trace is bound to: if that is not decided yet, a new buffer with the same contents. */
  bindingOf(memory: Memory): GPUBufferBinding {
    const known = this.#bindings.get(memory);
    if (known) return known;
    const binding = { buffer: memory instanceof TracedBuffer ? this.#realize(memory) : this.#copy(memory) };
    this.bind(memory, binding);
    return binding;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #realize({ size, usage, contents }: TracedBuffer): GPUBuffer {
    const buffer = this.create(size, usage);
    if (contents) this.#device.queue.writeBuffer(buffer, 0, contents);
    return buffer;
  }

  /** A tensor from outside is a constant, with the values that it has now. */
  #copy(source: GPUBuffer): GPUBuffer {
    const buffer = this.create(source.size);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, buffer, 0, source.size);
    this.#device.queue.submit([encoder.finish()]);
    return buffer;
  }
}
