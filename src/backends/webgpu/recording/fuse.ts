import { Shader } from "../shader.ts";
import type { Dispatch } from "./dispatch.ts";
import { type Node, sizeOf } from "./expression.ts";
import { type Kernel, writeKernel } from "./kernel.ts";
import { type Memory, TracedBuffer } from "./memory.ts";
import { mergeSteps, type Step } from "./merge.ts";
import { MustBeStored } from "./writer.ts";

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
  const steps: Step[] = [];
  const maxBindings = device.limits.maxStorageBuffersPerShaderStage;
  const store = (node: Node) => {
    if (node.stored) return;
    node.memory ??= new TracedBuffer(4 * sizeOf(node.shape));
    steps.push(kernelOf(node, maxBindings, store));
    node.stored = true;
  };
  for (const command of commands) {
    if ("form" in command) store(command);
    else steps.push(command);
  }
  return mergeSteps(needed(steps, results), inputs, maxBindings).map((step) => {
    if (!("code" in step)) return step;
    const { code, bindings, workgroups } = step;
    return { ...shaderOf(code).compile(device), bindings, workgroups };
  });
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

function needed(steps: readonly Step[], results: readonly Memory[]): Step[] {
  const read = new Set(results);
  const isNeeded = (step: Step) => {
    // What another command writes is not known.
    const needed = !("code" in step) || step.nodes.some(({ memory }) => read.has(memory!));
    if (needed) for (const memory of step.bindings) read.add(memory);
    return needed;
  };
  return steps.toReversed().filter(isNeeded).toReversed();
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
