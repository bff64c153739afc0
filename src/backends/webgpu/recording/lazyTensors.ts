import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type * as tf from "../../../tensors/tf.ts";
import { bufferOf } from "../internals.ts";
import { constant, converted, type Node, reshaped, sizeOf, stored } from "./expression.ts";
import { TracedBuffer } from "./memory.ts";
import { elementType, type Operand, type Outcome, operations } from "./operations.ts";

/** Longer expressions, and branches within more branches, are cut: each shader stays of a moderate length. */
const MAX_DEPTH = 100;
const MAX_BRANCHES = 2;

/**
 * Tensors that are not computed when TensorFlow.js asks for them but when a command needs them on the card: until then
 * they are expressions. `demand` is told of each that is needed, in the order in which that is so.
 */
export class LazyTensors {
  readonly #backend: WebGPUBackend;
  readonly #demand: (node: Node) => void;
  readonly #nodes = new WeakMap<object, Node>();

  constructor(backend: WebGPUBackend, demand: (node: Node) => void) {
    this.#backend = backend;
    this.#demand = demand;
  }

  /** In the place of a kernel: an expression if there is one, otherwise what the kernel does. */
  readonly kernel =
    ({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc =>
    (call) => {
      const inputs = this.#operands(call.inputs as Record<string, tf.TensorInfo>);
      const outcome = inputs && operations[kernelName]!({ inputs, attrs: call.attrs });
      if (!outcome) return kernelFunc(call);
      return Array.isArray(outcome) ? outcome.map(this.#tensor) : this.#tensor(outcome);
    };

  /** Gives a tensor memory if it is an expression as yet. */
  store(dataId: object): void {
    const node = this.#nodes.get(dataId);
    const data = this.#backend.tensorMap.get(dataId);
    if (!node || data.values || data.resource) return;
    this.#store(node);
    data.resource = node.memory as unknown as GPUBuffer;
  }

  #store(node: Node): void {
    if (node.memory) return;
    node.memory = new TracedBuffer(4 * sizeOf(node.shape));
    this.#demand(node);
  }

  #operands(inputs: Record<string, tf.TensorInfo>): Record<string, Operand> | undefined {
    const given = Object.entries(inputs).filter(([_, info]) => info);
    const isKnown = ({ shape, dtype }: tf.TensorInfo) =>
      sizeOf(shape) > 0 && (dtype === "float32" || dtype === "int32" || dtype === "bool");
    if (!given.every(([_, info]) => isKnown(info))) return undefined;
    return Object.fromEntries(
      given.map(([name, { dataId, shape, dtype }]) => {
        const node = converted(reshaped(this.#nodeOf(dataId, shape), shape), elementType(dtype));
        return [name, { node, shape, dtype }];
      }),
    );
  }

  #nodeOf(dataId: object, shape: readonly number[]): Node {
    const known = this.#nodes.get(dataId);
    if (known) return known;
    const { values, dtype } = this.#backend.tensorMap.get(dataId);
    const type = elementType(dtype);
    const numbers = values as ArrayLike<number> | null;
    const node =
      numbers && isUniform(numbers)
        ? constant(Number(numbers[0]), shape, type)
        : stored(bufferOf(this.#backend, dataId), shape, type);
    this.#nodes.set(dataId, node);
    return node;
  }

  readonly #tensor = ({ node, dtype }: Outcome): tf.TensorInfo => {
    if (node.depth > MAX_DEPTH || node.branches > MAX_BRANCHES) this.#store(node);
    const info = this.#backend.makeTensorInfo([...node.shape], dtype);
    this.#nodes.set(info.dataId, node);
    return info;
  };
}

function isUniform(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return false;
  return true;
}
