import * as tf from "../../../tensors/tf.ts";
import { variablesOf } from "../../optimizer.ts";
import type { RecordedStep, StepProgram } from "../../recording.ts";
import type { GuardedBackend } from "../guarded.ts";
import { bufferOf, flush, internalsOf } from "../internals.ts";
import type { Shader } from "../shader.ts";
import { adamUpdate } from "./adam.ts";
import { Allocation } from "./allocation.ts";
import { commandsOf, createCommand, encode } from "./command.ts";
import type { Dispatch } from "./dispatch.ts";
import { layOut, type Place } from "./flat.ts";
import { keepReport } from "./latch.ts";
import { type Memory, TracedBuffer } from "./memory.ts";
import { Staging } from "./staging.ts";
import { type Trace, tensorOnCard } from "./trace.ts";
import { tracedUpdate } from "./update.ts";

/** Reports that are kept until they are read. */
const UNREAD = 256;

/**
 * Gives the commands of a step to the card again, all at once: those of the trace, whose results are the report and the
 * gradients, and the optimiser's. The host only writes the inputs and the optimiser's numbers, and waits for the card where it reads reports.
 */
export function createReplay(
  backend: GuardedBackend,
  { slots, optimizer, clipNorm }: StepProgram,
  { inputs, dispatches, results }: Trace,
): RecordedStep {
  const { device } = backend;
  const { queue } = device;
  const allocation = new Allocation(device);
  const params = slots.map(({ param }) => param);
  const flat = layOut(params, device);
  const [theta, gradient] = [allocation.create(flat.size), allocation.create(flat.size)];
  const state = optimizer.state.map(() => allocation.create(flat.size));
  const update = optimizer.adam ? adamUpdate(optimizer.adam, clipNorm) : tracedUpdate(optimizer, clipNorm);
  const [report, ...gradients] = results as [Memory, ...Memory[]];
  const staging = new Staging(device, allocation, [
    ...inputs.map(lengthOf),
    update.numbers({ learningRate: 1, step: 1 }).length,
    1,
  ]);
  for (const [i, memory] of inputs.entries()) allocation.bind(memory, staging.bindings[i]!);
  // The commands read the parameters where the optimiser changes them, and write gradients where it reads them.
  for (const [i, { dataId }] of params.entries()) {
    allocation.bind(bufferOf(backend, dataId), { buffer: theta, ...flat.places[i]! });
  }
  for (const [i, memory] of gradients.entries()) {
    if (inputs.includes(memory) || !isWrittenAlone(memory, gradients, dispatches)) continue;
    allocation.bind(memory, { buffer: gradient, ...flat.places[i]! });
  }
  allocation.bindAll(dispatches, results);
  const commands = commandsOf(device, dispatches, allocation);
  const elsewhere: { from: GPUBufferBinding; to: Place }[] = gradients.flatMap((memory, i) => {
    const from = allocation.bindingOf(memory);
    const to = flat.places[i]!;
    return from.buffer === gradient && from.offset === to.offset ? [] : [{ from, to }];
  });
  const command = (shader: Shader, bindings: readonly GPUBufferBinding[], workgroups: number) =>
    createCommand(device, { ...shader.compile(device), workgroups: [workgroups, 1, 1] }, bindings);
  const latch = allocation.create(4);
  const [numbers, place] = staging.bindings.slice(-2) as [GPUBufferBinding, GPUBufferBinding];
  const reportSize = 4 * lengthOf(report);
  const reported = allocation.create(UNREAD * reportSize);
  const unread = allocation.create(UNREAD * reportSize, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  commands.push(
    command(keepReport, [allocation.bindingOf(report), { buffer: latch }, { buffer: reported }, place], 1),
  );
  const updating = update.commands(
    { param: theta, gradient, state, numbers, latch },
    { backend, allocation, command },
  );
  if (elsewhere.length === 0) commands.push(...updating);
  let unreadCount = 0;
  const reports: Float32Array[] = [];

  /** Each variable with the place of its copy here. */
  const copies = slots.flatMap((slot, i) =>
    variablesOf(optimizer, slot).map((variable, k) => ({
      variable,
      buffer: [theta, ...state][k]!,
      ...flat.places[i]!,
    })),
  );
  /** An encoder in the backend's own stream of commands, for copies. */
  const backendEncoder = () => {
    backend.endComputePassEncoder();
    backend.ensureCommandEncoderReady();
    return internalsOf(backend).commandEncoder!;
  };

  const download = async () => {
    if (unreadCount === 0) return;
    try {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(reported, 0, unread, 0, unreadCount * reportSize);
      queue.submit([encoder.finish()]);
      await unread.mapAsync(GPUMapMode.READ, 0, unreadCount * reportSize);
      const bytes = unread.getMappedRange(0, unreadCount * reportSize);
      for (let i = 0; i < unreadCount; i++) {
        reports.push(new Float32Array(bytes.slice(i * reportSize, (i + 1) * reportSize)));
      }
      unreadCount = 0;
    } finally {
      backend.checkHealth(); // instead of the error of a read that a lost card broke off
      unread.unmap();
    }
  };

  return {
    load() {
      const sources = copies.map(({ variable }) => bufferOf(backend, variable.dataId));
      const encoder = backendEncoder();
      encoder.clearBuffer(latch);
      for (const [i, { buffer, offset, size }] of copies.entries()) {
        encoder.copyBufferToBuffer(sources[i]!, 0, buffer, offset, size);
      }
      flush(backend);
    },
    async run(arrays, at) {
      if (unreadCount === UNREAD) await download();
      for (let i = 0; i < arrays.length; i++) staging.set(i, arrays[i]!.values);
      staging.set(arrays.length, update.numbers(at));
      staging.set(arrays.length + 1, [unreadCount]);
      staging.send(queue);
      const encoder = device.createCommandEncoder();
      encode(encoder, commands);
      if (elsewhere.length > 0) {
        for (const { from, to } of elsewhere) {
          encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, gradient, to.offset, to.size);
        }
        encode(encoder, updating);
      }
      queue.submit([encoder.finish()]);
      unreadCount++;
    },
    async read() {
      await download();
      return reports.splice(0);
    },
    store() {
      tf.tidy(() => {
        const values = copies.map(({ variable }) => tensorOnCard(backend, variable.shape, "float32"));
        const encoder = backendEncoder();
        for (const [i, { buffer, offset, size }] of copies.entries()) {
          encoder.copyBufferToBuffer(buffer, offset, bufferOf(backend, values[i]!.dataId), 0, size);
        }
        flush(backend);
        for (const [i, { variable }] of copies.entries()) variable.assign(values[i]!);
      });
    },
    dispose: () => allocation.dispose(),
  };
}

/** How many float32 a memory has room for. */
const lengthOf = (memory: Memory) => memory.size / 4;

/**
 * Whether a gradient can lie in the same buffer as the others: WebGPU lets no command write to a buffer that it reads,
 * not even at another place. A command writes what no command before it was bound to.
 */
function isWrittenAlone(
  memory: Memory,
  gradients: readonly Memory[],
  dispatches: readonly Dispatch[],
): boolean {
  if (!(memory instanceof TracedBuffer) || memory.contents) return false;
  if (gradients.indexOf(memory) !== gradients.lastIndexOf(memory)) return false;
  const users = dispatches.filter(({ bindings }) => bindings.includes(memory));
  return users
    .slice(1)
    .every(({ bindings }) => bindings.every((other) => other === memory || !gradients.includes(other)));
}
