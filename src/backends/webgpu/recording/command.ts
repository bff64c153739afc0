import type { Allocation } from "./allocation.ts";
import type { Dispatch } from "./dispatch.ts";

/** A command with what it is bound to. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export function createCommand(
  device: GPUDevice,
  { pipeline, layout, workgroups: [x, y, z] }: Omit<Dispatch, "bindings">,
  bindings: readonly GPUBufferBinding[],
): Command {
  const entries = bindings.map((resource, binding) => ({ binding, resource }));
  return { pipeline, group: device.createBindGroup({ layout, entries }), x, y, z };
}

/** The commands of a trace, bound to real memory. */
export const commandsOf = (
  device: GPUDevice,
  dispatches: readonly Dispatch[],
  allocation: Allocation,
): Command[] =>
  dispatches.map((dispatch) =>
    createCommand(
      device,
      dispatch,
      dispatch.bindings.map((memory) => allocation.bindingOf(memory)),
    ),
  );

/** Gives commands to the card, in one pass. */
export function encode(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | undefined;
  for (const { pipeline, group, x, y, z } of commands) {
    if (pipeline !== current) pass.setPipeline(pipeline);
    current = pipeline;
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
  }
  pass.end();
}
