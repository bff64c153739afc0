import type { BufferManager } from "../internals.ts";

/** Memory that a command works on: of the trace, or of a tensor from outside. */
export type Memory = TracedBuffer | GPUBuffer;

/** A buffer that exists in a trace only. It has contents where the host writes it, as it does constants. */
export class TracedBuffer {
  readonly mapState = "mapped"; // the backend then writes contents here, and not by way of another buffer

  constructor(
    readonly size: number,
    readonly contents?: ArrayBuffer,
    readonly usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  ) {}

  getMappedRange(): ArrayBuffer {
    return this.contents!;
  }

  unmap(): void {}
}

// The backend asks of what it binds and releases whether it is a buffer.
Object.setPrototypeOf(TracedBuffer.prototype, GPUBuffer.prototype);

/** Gives out traced buffers, a new one each time: what can share real memory is found in the end, by `Allocation`. */
export class TracedMemory implements BufferManager {
  acquireBuffer(size: number, usage: number, mappedAtCreation = false): GPUBuffer {
    // What is done with the values would stay as it was at the recording.
    if (usage & GPUBufferUsage.MAP_READ) throw new Error("it reads a value that it has computed");
    const fromHost = mappedAtCreation || (usage & GPUBufferUsage.UNIFORM) !== 0;
    return new TracedBuffer(
      size,
      fromHost ? new ArrayBuffer(size) : undefined,
      usage,
    ) as unknown as GPUBuffer;
  }

  releaseBuffer(released: GPUBuffer): void {
    const buffer: unknown = released;
    if (!(buffer instanceof TracedBuffer)) throw new Error("it disposes of a tensor from outside");
  }
}
