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
