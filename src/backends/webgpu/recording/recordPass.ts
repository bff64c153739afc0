import { asTensors } from "../../../tensors/hostArray.ts";
import * as tf from "../../../tensors/tf.ts";
import { unshare } from "../../adam.ts";
import { mustAgree, type PassProgram, type RecordedPass, type RecordPass } from "../../recording.ts";
import type { GuardedBackend } from "../guarded.ts";
import { bufferOf, flush } from "../internals.ts";
import { Allocation } from "./allocation.ts";
import { commandsOf, encode } from "./command.ts";
import { fromTrace } from "./fromTrace.ts";
import { Staging } from "./staging.ts";
import type { Trace } from "./trace.ts";

/** Sums have another order here, and a share of values beyond a bound jumps where one of them is rounded otherwise. */
const TOLERANCE = 1e-4;

/** Records a pass as the commands that the card is given; they read the parameters where the variables have them. */
export const recordPass: RecordPass = async (program, inputs) => {
  const backend = tf.backend() as unknown as GuardedBackend;
  // Two that share their memory would seem to be one.
  for (const parameter of program.parameters) unshare(parameter);
  return asTensors(inputs, async (tensors) => {
    const expected = await valuesOf(() => program.compute(tensors));
    return fromTrace(
      backend,
      tensors,
      (inputs) => program.compute(inputs),
      (traced) => {
        // A tensor of whole numbers that was cast to float32 is still stored as whole numbers.
        const arrays = expected.map((values) => (values instanceof Float32Array ? Float32Array : Int32Array));
        return createPass(backend, program, traced, arrays);
      },
      async (pass) => {
        const got = await pass.run(inputs);
        for (const [i, values] of got.entries()) mustAgree(values, expected[i]!, TOLERANCE);
      },
    );
  });
};

function createPass(
  backend: GuardedBackend,
  { parameters }: PassProgram,
  { inputs, dispatches, results }: Trace,
  arrays: readonly (typeof Float32Array | typeof Int32Array)[],
): RecordedPass {
  const { device } = backend;
  const allocation = new Allocation(device);
  const staging = new Staging(
    device,
    allocation,
    inputs.map(({ size }) => size / 4),
  );
  for (const [i, memory] of inputs.entries()) allocation.bind(memory, staging.bindings[i]!);
  const buffersNow = () => parameters.map(({ dataId }) => bufferOf(backend, dataId));
  const traced = buffersNow();
  let current = traced;
  for (const buffer of traced) allocation.bind(buffer, { buffer });
  allocation.bindAll(dispatches, results);
  const bound = () => commandsOf(device, dispatches, allocation);
  let commands = bound();
  /** Assigning to a variable gives it other memory. */
  const followParameters = () => {
    const now = buffersNow();
    flush(backend); // what is pending may write them
    if (now.every((buffer, i) => buffer === current[i])) return;
    current = now;
    for (const [i, buffer] of now.entries()) allocation.bind(traced[i]!, { buffer });
    commands = bound();
  };

  const total = results.reduce((sum, { size }) => sum + size, 0);
  const readable = allocation.create(total, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  const runNow: RecordedPass["run"] = async (given) => {
    followParameters();
    for (const [i, { values }] of given.entries()) staging.set(i, values);
    staging.send(device.queue);
    const encoder = device.createCommandEncoder();
    encode(encoder, commands);
    let end = 0;
    for (const memory of results) {
      const { buffer, offset = 0 } = allocation.bindingOf(memory);
      encoder.copyBufferToBuffer(buffer, offset, readable, end, memory.size);
      end += memory.size;
    }
    device.queue.submit([encoder.finish()]);
    try {
      await readable.mapAsync(GPUMapMode.READ);
      const bytes = readable.getMappedRange();
      let start = 0;
      return results.map(({ size }, i) => {
        start += size;
        return Float32Array.from(new arrays[i]!(bytes, start - size, size / 4));
      });
    } finally {
      backend.checkHealth(); // instead of the error of a read that a lost card broke off
      readable.unmap();
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    /** One after the other: they share their memory. */
    run(given) {
      const result = last.then(() => runNow(given));
      last = result.catch(() => {});
      return result;
    },
    dispose: () => allocation.dispose(),
  };
}

/** The results of a pass that runs operation by operation. */
async function valuesOf(compute: () => readonly tf.Tensor[]): Promise<ArrayLike<number>[]> {
  const results = tf.tidy(() => [...compute()]);
  try {
    return await Promise.all(results.map((result) => result.data()));
  } finally {
    tf.dispose(results);
  }
}
