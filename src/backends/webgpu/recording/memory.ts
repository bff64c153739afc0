import type { BufferManager } from "../internals.ts";

/** A buffer that exists in a trace only. It has contents where the host writes it, as it does constants. */
export class TracedBuffer {
  readonly mapState = "mapped"; // the backend then writes contents here, and not by way of another buffer

  constructor(
    readonly size: number,
    readonly usage: number,
    readonly contents?: ArrayBuffer,
  ) {}

  getMappedRange(): ArrayBuffer {
    return this.contents!;
  }

  unmap(): void {}
}

// The backend asks of what it binds and releases whether it is a buffer.
Object.setPrototypeOf(TracedBuffer.prototype, GPUBuffer.prototype);

/** Gives out traced buffers. Those that only the card writes are used again, by commands that come later. */
export class TracedMemory implements BufferManager {
  readonly #free = new Map<string, TracedBuffer[]>();

  acquireBuffer(size: number, usage: number, mappedAtCreation = false): GPUBuffer {
    // What is done with the values would stay as it was at the recording.
    if (usage & GPUBufferUsage.MAP_READ) throw new Error("it reads a value that it has computed");
    // In a replay, what the host writes is there before the first command: it needs a place of its own.
    const fromHost = mappedAtCreation || (usage & GPUBufferUsage.UNIFORM) !== 0;
    const buffer = fromHost
      ? new TracedBuffer(size, usage, new ArrayBuffer(size))
      : (this.#free.get(key({ size, usage }))?.pop() ?? new TracedBuffer(size, usage));
    return buffer as unknown as GPUBuffer;
  }

  releaseBuffer(released: GPUBuffer): void {
    const buffer: unknown = released;
    if (!(buffer instanceof TracedBuffer)) throw new Error("it disposes of a tensor from outside");
    if (buffer.contents) return;
    const free = this.#free.get(key(buffer));
    if (free) free.push(buffer);
    else this.#free.set(key(buffer), [buffer]);
  }
}

const key = ({ size, usage }: { size: number; usage: number }) => `${size} ${usage}`;
