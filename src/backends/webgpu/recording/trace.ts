import { isDeepStrictEqual } from "node:util";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "../../../tensors/tf.ts";
import { bufferOf, flush, internalsOf } from "../internals.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Node } from "./expression.ts";
import { fuse } from "./fuse.ts";
import { LazyTensors } from "./lazyTensors.ts";
import { type Memory, TracedBuffer, TracedMemory } from "./memory.ts";
import { operations } from "./operations.ts";

/** A computation as the commands that the backend gives to the card. */
export interface Trace {
  readonly inputs: readonly Memory[];
  readonly dispatches: readonly Dispatch[];
  readonly results: readonly Memory[];
}

/**
 * Runs `compute` with the backend's device, memory and queue replaced, so that nothing is computed: what the card is
 * asked to do is written down, whatever it is. Only the operations of `operations` are not asked for one by one: they
 * become expressions, and a few commands that compute those.
 *
 * `compute` has been run before: tensors from outside are on the card by then.
 */
export function trace(
  backend: WebGPUBackend,
  inputs: readonly Pick<tf.Tensor, "shape" | "dtype">[],
  compute: (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[],
): Trace {
  const commands: (Dispatch | Node)[] = [];
  flush(backend); // what is pending is real
  const lazy = new LazyTensors(backend, (node) => commands.push(node));
  const upload = backend.uploadToGPU.bind(backend);
  const restore = [
    override(internalsOf(backend), { bufferManager: new TracedMemory() }),
    override(backend, {
      queue: tracingQueue(),
      readToGPU: copiesMemory,
      // Whoever needs a tensor on the card asks for that here.
      uploadToGPU: (dataId) => {
        lazy.store(dataId);
        upload(dataId);
      },
    }),
    ...Object.keys(operations).map((name) => {
      const kernel = tf.getKernel(name, "webgpu");
      return override(kernel, { kernelFunc: lazy.kernel({ ...kernel }) });
    }),
    // Not a device of its own: compiled shaders belong to the real one.
    override(backend.device, {
      createCommandEncoder: () => tracingEncoder(commands),
      createBindGroup: (group) => group as unknown as GPUBindGroup,
    }),
  ];
  try {
    let traced!: Trace;
    tf.tidy(() => {
      // Without values in main memory, which could be read and would then stay in the recording.
      const given = inputs.map(({ shape, dtype }) => tensorOnCard(backend, shape, dtype));
      const results = compute(given);
      const memoryOf = ({ dataId }: tf.Tensor) => bufferOf(backend, dataId);
      const memories = results.map(memoryOf);
      const from = given.map(memoryOf);
      const dispatches = fuse(commands, from, memories, backend.device);
      traced = { inputs: from, dispatches, results: memories };
      tf.dispose([...results]); // those too that are kept
    });
    return traced;
  } finally {
    flush(backend); // releases what is traced
    for (const undo of restore) undo();
  }
}

/** A new tensor with memory of undefined contents on the card. */
export function tensorOnCard(backend: WebGPUBackend, shape: number[], dtype: tf.DataType): tf.Tensor {
  const info = backend.makeTensorInfo(shape, dtype);
  backend.uploadToGPU(info.dataId);
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** Whether two traces do the same, the constants in them included. */
export function isSame(a: Trace, b: Trace): boolean {
  const counterparts = new Map<Memory, Memory>();
  const same = (x: Memory, y: Memory) => {
    if (!(x instanceof TracedBuffer && y instanceof TracedBuffer)) return x === y;
    if (counterparts.has(x)) return counterparts.get(x) === y;
    counterparts.set(x, y);
    return x.size === y.size && isDeepStrictEqual(x.contents, y.contents);
  };
  const allSame = (xs: readonly Memory[], ys: readonly Memory[]) =>
    xs.length === ys.length && xs.every((x, i) => same(x, ys[i]!));
  return (
    allSame(a.inputs, b.inputs) &&
    a.dispatches.length === b.dispatches.length &&
    a.dispatches.every(
      ({ pipeline, bindings, workgroups }, i) =>
        pipeline === b.dispatches[i]!.pipeline &&
        isDeepStrictEqual(workgroups, b.dispatches[i]!.workgroups) &&
        allSame(bindings, b.dispatches[i]!.bindings),
    ) &&
    allSame(a.results, b.results)
  );
}

/** Puts members of its own over those of an object; returns how to undo it. */
function override<T extends object>(object: T, members: Partial<T>): () => void {
  const before = Object.getOwnPropertyDescriptors(object) as Record<string, PropertyDescriptor>;
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const name of Object.keys(members)) {
      if (before[name]) Object.defineProperty(object, name, before[name]);
      else Reflect.deleteProperty(object, name);
    }
  };
}

function tracingEncoder(dispatches: (Dispatch | Node)[]): GPUCommandEncoder {
  let pipeline: GPUComputePipeline;
  let group: GPUBindGroupDescriptor;
  const pass = {
    setPipeline: (next: GPUComputePipeline) => {
      pipeline = next;
    },
    setBindGroup: (_: 0, next: GPUBindGroupDescriptor) => {
      group = next;
    },
    dispatchWorkgroups: (x: number, y = 1, z = 1) => {
      const { layout, entries } = group;
      dispatches.push({ pipeline, layout, bindings: [...entries].map(memoryOf), workgroups: [x, y, z] });
    },
    end: () => {},
  };
  const encoder = {
    beginComputePass: () => pass,
    copyBufferToBuffer: copiesMemory,
    finish: () => {},
  };
  return encoder as unknown as GPUCommandEncoder;
}

const copiesMemory = () => {
  throw new Error("it copies memory by other means than a shader");
};

function memoryOf({ resource }: GPUBindGroupEntry): Memory {
  if (!("buffer" in resource)) throw new Error("it works on images");
  return resource.buffer;
}

function tracingQueue(): GPUQueue {
  const queue = {
    writeBuffer: (buffer: unknown, offset: number, data: ArrayBuffer) => {
      new Uint8Array((buffer as TracedBuffer).contents!).set(new Uint8Array(data), offset);
    },
    submit: () => {},
  };
  return queue as unknown as GPUQueue;
}
