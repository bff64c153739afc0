import type { Dispatch } from "./dispatch.ts";
import { type Memory, TracedBuffer } from "./memory.ts";

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

  /**
   * Decides for all that commands work on and that is not decided yet. What no command needs any more makes room for
   * what comes later; what is `kept` stays to the end.
   */
  bindAll(dispatches: readonly Dispatch[], kept: readonly Memory[]): void {
    const lastUse = new Map<Memory, number>();
    for (const [i, { bindings }] of dispatches.entries()) {
      for (const memory of bindings) lastUse.set(memory, i);
    }
    for (const memory of kept) lastUse.set(memory, dispatches.length);
    const free: GPUBuffer[] = [];
    const lent = new Map<Memory, GPUBuffer>();
    for (const [i, { bindings }] of dispatches.entries()) {
      for (const memory of bindings) {
        if (this.#bindings.has(memory) || !(memory instanceof TracedBuffer) || memory.contents) continue;
        const buffer = takeFitting(free, memory.size) ?? this.create(memory.size, memory.usage);
        this.bind(memory, { buffer, size: memory.size });
        lent.set(memory, buffer);
      }
      for (const memory of new Set(bindings)) {
        const buffer = lent.get(memory);
        if (buffer && lastUse.get(memory) === i) free.push(buffer);
      }
    }
    for (const memory of [...dispatches.flatMap(({ bindings }) => bindings), ...kept]) this.bindingOf(memory);
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

/** Takes the smallest buffer that is large enough, unless it is far too large. */
function takeFitting(free: GPUBuffer[], size: number): GPUBuffer | undefined {
  let best = -1;
  for (const [i, buffer] of free.entries()) {
    const fits = buffer.size >= size && buffer.size <= 4 * size;
    if (fits && (best < 0 || buffer.size < free[best]!.size)) best = i;
  }
  return best < 0 ? undefined : free.splice(best, 1)[0];
}
