import * as tf from "../../../tf.ts";
import type { RecordedStep, StepProgram } from "../../recording.ts";
import { attrsOf, workgroupsFor } from "../adam.ts";
import type { GuardedBackend } from "../guarded.ts";
import { bufferOf, flush, internalsOf } from "../internals.ts";
import type { Shader } from "../shader.ts";
import { latchedAdam, latchNonFinite } from "./adam.ts";
import { Allocation } from "./allocation.ts";
import { layOut } from "./flat.ts";
import { type Trace, tensorOnCard } from "./trace.ts";

/** Reports that are kept until they are read. */
const UNREAD = 256;

/** A command with what it is bound to. */
interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Gives the commands of a step to the card again, all at once: those of the trace, whose results are the report and the
 * gradients, and Adam. The host only writes the inputs and Adam's numbers, and waits for the card where it reads reports.
 */
export function createReplay(
  backend: GuardedBackend,
  { slots, adam }: StepProgram,
  { inputs, dispatches, results }: Trace,
): RecordedStep {
  const { device } = backend;
  const { queue } = device;
  const allocation = new Allocation(device);
  const params = slots.map(({ param }) => param);
  const flat = layOut(params, device);
  const [theta, m, v, gradient] = [1, 2, 3, 4].map(() => allocation.create(flat.size)) as [
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
  ];
  const attrs = allocation.create(4 * 8, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);

  const command = (
    pipeline: GPUComputePipeline,
    layout: GPUBindGroupLayout,
    bindings: readonly GPUBufferBinding[],
    workgroups: readonly [number, number, number],
  ): Command => ({
    pipeline,
    group: device.createBindGroup({
      layout,
      entries: bindings.map((resource, binding) => ({ binding, resource })),
    }),
    workgroups,
  });
  // The commands read the parameters where Adam changes them.
  for (const [i, { dataId }] of params.entries()) {
    allocation.bind(bufferOf(backend, dataId), { buffer: theta, ...flat.places[i]! });
  }
  const commands = dispatches.map(({ pipeline, layout, bindings, workgroups }) =>
    command(
      pipeline,
      layout,
      bindings.map((memory) => allocation.bindingOf(memory)),
      workgroups,
    ),
  );
  const [report, ...gradients] = results.map((memory) => allocation.bindingOf(memory)) as [
    GPUBufferBinding,
    ...GPUBufferBinding[],
  ];
  const given = inputs.map((memory) => allocation.bindingOf(memory).buffer);
  const own = (shader: Shader, bindings: readonly GPUBufferBinding[], workgroups: number) => {
    const { pipeline, layout } = shader.compile(device);
    return command(pipeline, layout, bindings, [workgroups, 1, 1]);
  };
  const latch = allocation.create(4);
  commands.push(own(latchNonFinite, [report, { buffer: latch }], 1));
  const update = own(
    latchedAdam,
    [theta, m, v, gradient, latch, attrs].map((buffer) => ({ buffer })),
    workgroupsFor(flat.size / 4),
  );
  const { buffer: reported, offset: reportedAt = 0, size: reportSize = reported.size } = report;
  const unread = allocation.create(UNREAD * reportSize, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  let unreadCount = 0;
  const reports: Float32Array[] = [];

  /** Each variable with the place of its copy here. */
  const copies = slots.flatMap((slot, i) =>
    [[slot.param, theta] as const, [slot.m, m] as const, [slot.v, v] as const].map(([variable, buffer]) => ({
      variable,
      buffer,
      ...flat.places[i]!,
    })),
  );
  /** An encoder in the backend's own stream of commands, for copies. */
  const backendEncoder = () => {
    backend.endComputePassEncoder();
    backend.ensureCommandEncoderReady();
    return internalsOf(backend).commandEncoder!;
  };

  const encode = (encoder: GPUCommandEncoder, commands: readonly Command[]) => {
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, workgroups } of commands) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  };

  const download = async () => {
    if (unreadCount === 0) return;
    try {
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
    async run(arrays, { learningRate, step }) {
      if (unreadCount === UNREAD) await download();
      for (const [i, { values }] of arrays.entries()) queue.writeBuffer(given[i]!, 0, values);
      queue.writeBuffer(attrs, 0, Float32Array.from(attrsOf({ ...adam, learningRate, step, scale: 1 })));
      const encoder = device.createCommandEncoder();
      encode(encoder, commands);
      encoder.copyBufferToBuffer(reported, reportedAt, unread, unreadCount * reportSize, reportSize);
      for (const [i, { offset, size }] of flat.places.entries()) {
        const { buffer, offset: from = 0 } = gradients[i]!;
        encoder.copyBufferToBuffer(buffer, from, gradient, offset, size);
      }
      encode(encoder, [update]);
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
