import { isOfRows, isShared, type Node, sizeOf } from "./expression.ts";
import { type Kernel, reductionsIn, writeKernel } from "./kernel.ts";
import type { Memory } from "./memory.ts";
import { MustBeStored } from "./writer.ts";

/** A command of a trace with the nodes that it stores, if it is one of expressions. */
export interface Step {
  readonly bindings: readonly Memory[];
  readonly nodes?: readonly Node[];
}

/** Rows that are too few to divide a command by. */
const FEW_ROWS = 32;
const SMALL = 2 ** 16;

/**
 * Has one command store several nodes where it can: reductions of the same rows, and what has those rows and reads the
 * same memory, as the log-probability of images and its gradient. What comes later moves to the earliest of them.
 * `compile` makes a command.
 */
export function mergeSteps<S extends Step>(
  steps: readonly S[],
  inputs: readonly Memory[],
  maxBindings: number,
  compile: (kernel: Kernel, nodes: readonly Node[]) => S,
): S[] {
  const merged = [...steps];
  for (let later = 1; later < merged.length; later++) {
    const added = merged[later]!.nodes ?? [];
    if (!asIfNotStored(added, () => reduceRows(added))) continue;
    for (let earlier = later - 1; earlier >= 0; earlier--) {
      if (!canJoin(merged[earlier]!, merged[later]!)) continue;
      const nodes = [...merged[earlier]!.nodes!, ...added];
      const kernel = asIfNotStored(nodes, () => together(nodes, maxBindings));
      const read = kernel?.bindings.slice(nodes.length);
      if (!read?.every((memory) => isThere(memory, merged, earlier, inputs))) continue;
      merged[earlier] = compile(kernel!, nodes);
      merged.splice(later--, 1);
      break;
    }
  }
  return merged;
}

/** Whether each node is made of reductions of rows, as many for each as the node has elements. */
const reduceRows = (nodes: readonly Node[]) =>
  nodes.length > 0 &&
  nodes.every((node) => {
    const shared = reductionsIn(node).filter(isShared);
    return (
      shared.length > 0 && shared.every((each) => sizeOf(each.shape) === sizeOf(node.shape) && isOfRows(each))
    );
  });

/** Whether they read some memory both, and the first has the rows of the second, but no reductions of others. */
function canJoin(first: Step, second: Step): boolean {
  const nodes = first.nodes ?? [];
  if (nodes.length === 0) return false;
  const rows = sizeOf(second.nodes![0]!.shape);
  const hasRows = (node: Node) => {
    const size = sizeOf(node.shape);
    const reductions = reductionsIn(node);
    const ofRows = (each: Node) => isShared(each) && isOfRows(each) && sizeOf(each.shape) === rows;
    if (size === rows) return reductions.some(ofRows);
    return size > rows && (rows >= FEW_ROWS || size <= SMALL) && reductions.every(ofRows);
  };
  const read = second.bindings.slice(second.nodes!.length);
  return (
    first.bindings.slice(nodes.length).some((memory) => read.includes(memory)) &&
    asIfNotStored(nodes, () => nodes.every(hasRows))
  );
}

function together(nodes: readonly Node[], maxBindings: number): Kernel | undefined {
  try {
    return writeKernel(nodes, maxBindings);
  } catch (error) {
    if (error instanceof MustBeStored) return undefined;
    throw error;
  }
}

/** Whether a memory has its contents before a step: of what comes only then, only inputs have. */
function isThere(memory: Memory, steps: readonly Step[], before: number, inputs: readonly Memory[]): boolean {
  const known = inputs.includes(memory) || !("contents" in memory) || memory.contents !== undefined;
  return known || steps.slice(0, before).some(({ bindings }) => bindings.includes(memory));
}

/** Runs `f` as if nodes that are stored were not yet. */
function asIfNotStored<T>(nodes: readonly Node[], f: () => T): T {
  for (const node of nodes) node.stored = false;
  try {
    return f();
  } finally {
    for (const node of nodes) node.stored = true;
  }
}
