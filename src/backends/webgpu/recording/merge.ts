import type { Dispatch } from "./dispatch.ts";
import { isOfRows, isShared, type Node, sizeOf } from "./expression.ts";
import { type Kernel, reductionsIn, writeKernel } from "./kernel.ts";
import type { Memory } from "./memory.ts";
import { MustBeStored } from "./writer.ts";

/** A command of a trace: one that is there already, or one of expressions. */
export type Step = Dispatch | Kernel;

/** Rows that are too few to divide a command by. */
const FEW_ROWS = 32;
const SMALL = 2 ** 16;

/**
 * Has one command store several nodes where it can: reductions of the same rows, and what has those rows and reads the
 * same memory, as the log-probability of images and its gradient. What comes later moves to the earliest of them.
 */
export function mergeSteps(steps: readonly Step[], inputs: readonly Memory[], maxBindings: number): Step[] {
  const merged = [...steps];
  for (let later = 1; later < merged.length; later++) {
    for (let earlier = later - 1; earlier >= 0; earlier--) {
      const [first, second] = [merged[earlier]!, merged[later]!];
      if (!("code" in first && "code" in second && canJoin(first, second))) continue;
      const nodes = [...first.nodes, ...second.nodes];
      const kernel = asIfNotStored(nodes, () => together(nodes, maxBindings));
      if (!kernel || !inputsOf(kernel).every((memory) => isThere(memory, merged, earlier, inputs))) continue;
      merged[earlier] = kernel;
      merged.splice(later--, 1);
      break;
    }
  }
  return merged;
}

/** Whether they read some memory both, and have rows in common, of which at least one has only reductions. */
function canJoin(first: Kernel, second: Kernel): boolean {
  if (!inputsOf(first).some((memory) => inputsOf(second).includes(memory))) return false;
  const nodes = [...first.nodes, ...second.nodes];
  return asIfNotStored(nodes, () => {
    const [rows] = [second.nodes, first.nodes].filter(reduceRows).map(([node]) => sizeOf(node!.shape));
    return rows !== undefined && nodes.every((node) => hasRows(node, rows));
  });
}

const inputsOf = ({ bindings, nodes }: Kernel) => bindings.slice(nodes.length);

/** Whether each node is made of reductions of rows, as many for each as the node has elements. */
const reduceRows = (nodes: readonly Node[]) =>
  nodes.every((node) => {
    const shared = reductionsIn(node).filter(isShared);
    return (
      shared.length > 0 && shared.every((each) => isOfRows(each) && sizeOf(each.shape) === sizeOf(node.shape))
    );
  });

/** Whether a node has one element for each of so many rows, by a reduction, or several, and no other reductions. */
function hasRows(node: Node, rows: number): boolean {
  const size = sizeOf(node.shape);
  const reductions = reductionsIn(node);
  const ofRows = (each: Node) => isShared(each) && isOfRows(each) && sizeOf(each.shape) === rows;
  if (size === rows) return reductions.some(ofRows);
  return size > rows && (rows >= FEW_ROWS || size <= SMALL) && reductions.every(ofRows);
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
