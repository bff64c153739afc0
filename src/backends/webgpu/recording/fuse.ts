import { Shader } from "../shader.ts";
import { type Node, sizeOf } from "./expression.ts";
import { type Kernel, writeKernel } from "./kernel.ts";
import { type Memory, TracedBuffer } from "./memory.ts";
import { mergeSteps } from "./merge.ts";
import { MustBeStored } from "./writer.ts";

/** A command: a compute shader, what it is bound to, and how often it runs. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindings: readonly Memory[];
  readonly workgroups: readonly [number, number, number];
  /** What it stores, in the first of the bindings, and it does nothing else; undefined where that is not known. */
  readonly nodes?: readonly Node[];
}

/**
 * Turns expressions that have to be stored into commands, between those that there are already, and leaves out those
 * whose results nobody needs.
 */
export function fuse(
  commands: readonly (Dispatch | Node)[],
  inputs: readonly Memory[],
  results: readonly Memory[],
  device: GPUDevice,
): Dispatch[] {
  const dispatches: Dispatch[] = [];
  const maxBindings = device.limits.maxStorageBuffersPerShaderStage;
  const compile = ({ code, ...rest }: Kernel, nodes: readonly Node[]): Dispatch => ({
    ...shaderOf(code).compile(device),
    ...rest,
    nodes,
  });
  const store = (node: Node) => {
    if (node.stored) return;
    node.memory ??= new TracedBuffer(4 * sizeOf(node.shape));
    dispatches.push(compile(kernelOf(node, maxBindings, store), [node]));
    node.stored = true;
  };
  for (const command of commands) {
    if ("form" in command) store(command);
    else dispatches.push(command);
  }
  return mergeSteps(needed(dispatches, results), inputs, maxBindings, compile);
}

/** What stores a node, after `store` has been told of the parts that it cannot compute itself. */
function kernelOf(node: Node, maxBindings: number, store: (part: Node) => void): Kernel {
  for (;;) {
    try {
      return writeKernel([node], maxBindings);
    } catch (error) {
      if (!(error instanceof MustBeStored)) throw error;
      store(error.node);
    }
  }
}

function needed(dispatches: readonly Dispatch[], results: readonly Memory[]): Dispatch[] {
  const read = new Set(results);
  const isNeeded = ({ bindings, nodes }: Dispatch) => {
    const needed = !nodes || nodes.some(({ memory }) => read.has(memory!));
    if (needed) for (const memory of bindings) read.add(memory);
    return needed;
  };
  return dispatches.toReversed().filter(isNeeded).toReversed();
}

/** The same code is compiled once: two traces of a step have the same pipelines. */
const shaders = new Map<string, Shader>();

function shaderOf(code: string): Shader {
  let shader = shaders.get(code);
  if (!shader) {
    shader = new Shader("Fused", code);
    shaders.set(code, shader);
  }
  return shader;
}
