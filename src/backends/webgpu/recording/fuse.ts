import { Shader } from "../shader.ts";
import { type Node, sizeOf } from "./expression.ts";
import { writeKernel } from "./kernel.ts";
import { type Memory, TracedBuffer } from "./memory.ts";
import { MustBeStored } from "./writer.ts";

/** A command: a compute shader, what it is bound to, and how often it runs. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindings: readonly Memory[];
  readonly workgroups: readonly [number, number, number];
  /** How many of the bindings it writes, the first ones, and does nothing else; undefined where that is not known. */
  readonly writes?: number;
}

/**
 * Turns expressions that have to be stored into commands, between those that there are already, and leaves out those
 * whose results nobody needs.
 */
export function fuse(
  commands: readonly (Dispatch | Node)[],
  results: readonly Memory[],
  device: GPUDevice,
): Dispatch[] {
  const dispatches: Dispatch[] = [];
  const store = (node: Node) => {
    if (node.stored) return;
    node.memory ??= new TracedBuffer(4 * sizeOf(node.shape));
    dispatches.push(storing(node, device, store));
    node.stored = true;
  };
  for (const command of commands) {
    if ("form" in command) store(command);
    else dispatches.push(command);
  }
  return needed(dispatches, results);
}

/** The command that stores a node, after `store` has been told of the parts that it cannot compute itself. */
function storing(node: Node, device: GPUDevice, store: (part: Node) => void): Dispatch {
  for (;;) {
    try {
      const { code, ...rest } = writeKernel([node], device.limits.maxStorageBuffersPerShaderStage);
      return { ...shaderOf(code).compile(device), ...rest, writes: 1 };
    } catch (error) {
      if (!(error instanceof MustBeStored)) throw error;
      store(error.node);
    }
  }
}

function needed(dispatches: readonly Dispatch[], results: readonly Memory[]): Dispatch[] {
  const read = new Set(results);
  const isNeeded = ({ bindings, writes = bindings.length }: Dispatch) => {
    const needed = writes === bindings.length || bindings.slice(0, writes).some((memory) => read.has(memory));
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
