import type { Allocation } from "./allocation.ts";

/**
 * What the host gives for each run, side by side in one buffer that is written at once. It is first copied into memory
 * that is always the same: Dawn cannot read memory that threads share.
 */
export class Staging {
  readonly bindings: readonly GPUBufferBinding[];
  readonly #buffer: GPUBuffer;
  readonly #memory: ArrayBuffer;
  readonly #parts: readonly Float32Array[];

  /** Of parts with so many float32 each. */
  constructor(device: GPUDevice, allocation: Allocation, lengths: readonly number[]) {
    const { minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment } = device.limits;
    const alignment = Math.max(minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment);
    let end = 0;
    const places = lengths.map((length) => {
      const offset = Math.ceil(end / alignment) * alignment;
      end = offset + 4 * length;
      return { offset, length };
    });
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = allocation.create(end, STORAGE | UNIFORM | COPY_SRC | COPY_DST);
    this.#buffer = buffer;
    this.#memory = new ArrayBuffer(end);
    this.#parts = places.map(({ offset, length }) => new Float32Array(this.#memory, offset, length));
    this.bindings = places.map(({ offset, length }) => ({ buffer, offset, size: 4 * length }));
  }

  set(part: number, values: ArrayLike<number>): void {
    this.#parts[part]!.set(values);
  }

  send(queue: GPUQueue): void {
    queue.writeBuffer(this.#buffer, 0, this.#memory);
  }
}
