import type { Memory } from "./memory.ts";

/** A command: a compute shader, what it is bound to, and how often it runs. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindings: readonly Memory[];
  readonly workgroups: readonly [number, number, number];
}
