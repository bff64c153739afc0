import * as tf from "../tensors/tf.ts";
import type { ExportedFunction } from "./subject.ts";

/** Numbers on their way: an input, or what an operation gives. */
export interface Computed {
  /** Of one example, or in a `program` the whole of it. */
  readonly shape: readonly number[];
}

/** Numbers that are the same for every example: weights, and what is made of them alone. */
export interface Constant {
  /** Of the parameter that it is, such as `decoder.hidden0.kernel`; absent where it is none. */
  readonly name: string | undefined;
  readonly shape: readonly number[];
  /** Absent where they are float32. */
  readonly dtype?: tf.DataType;
  readonly data: Float32Array;
}

export type Value = Computed | Constant;

export const isConstant = (value: Value): value is Constant => "data" in value;

/** A kernel of TensorFlow.js as it was called: inputs and attributes by the names that TensorFlow.js has for them. */
export interface Operation {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Computed[];
}

/** What a function computes: by `graphOf` of any number of examples, by `program` of arrays of the shapes that it was given. */
export interface Graph {
  readonly inputs: readonly Computed[];
  /** In an order in which they can be run; each is needed for an output. */
  readonly operations: readonly Operation[];
  readonly outputs: readonly Value[];
}

/**
 * Runs a function once and writes down which kernels it calls on what. The backend must be one without kernels of our
 * own, such as `cpu`, as nobody else has those.
 */
export function graphOf(
  { name, inputs, compute }: ExportedFunction,
  parameters: Iterable<[string, tf.Variable]>,
): Graph {
  const named = [...parameters];
  const withRows = (rows: number) => {
    const shapes = inputs.map(({ shape }) => [rows, ...shape]);
    return traced(shapes, compute, new Values(named, (shape) => ofOne(shape, rows)));
  };
  // What depends on the number of examples and on none of them would be taken for a constant.
  const [graph, other] = [withRows(2), withRows(3)];
  if (outline(graph) !== outline(other))
    throw new Error(`the ${name} is not the same for any number of rows`);
  return graph;
}

function ofOne([rows, ...shape]: readonly number[], expected: number): readonly number[] {
  if (rows !== expected) throw new Error(`[${[rows, ...shape]}] has no row for each example`);
  return shape;
}

/** The same of arrays of these shapes alone: the kernels can be called again just as they were. */
export const program = (
  shapes: readonly (readonly number[])[],
  compute: ExportedFunction["compute"],
  parameters: Iterable<[string, tf.Variable]>,
): Graph => traced(shapes, compute, new Values([...parameters], (shape) => shape));

function traced(
  shapes: readonly (readonly number[])[],
  compute: ExportedFunction["compute"],
  values: Values,
): Graph {
  const operations: Operation[] = [];
  let graph: Graph;
  tf.tidy(() => {
    const given = shapes.map((shape) => tf.fill([...shape], 0.5));
    const ofInputs = given.map((tensor) => values.add(tensor));
    const results = watched(
      () => compute(given),
      (kernel, { inputs, attrs }, infos) => {
        const known = Object.entries(inputs).filter(([, info]) => info !== undefined && info !== null);
        if (!known.some(([, info]) => values.isComputed(info))) return;
        if (infos.every((info) => values.isComputed(info))) return; // the same numbers in the same shape
        operations.push({
          kernel,
          inputs: Object.fromEntries(known.map(([key, info]) => [key, values.of(info)])),
          attrs,
          outputs: infos.map((info) => values.add(info)),
        });
      },
    );
    const outputs = results.map((tensor) => values.of(tensor));
    graph = { inputs: ofInputs, operations: needed(operations, outputs), outputs };
  });
  return graph!;
}

/** The values that tensors have; a tensor of other shape with the same memory is another value. */
class Values {
  readonly #computed = new Map<object, Map<string, Computed>>();
  readonly #names: ReadonlyMap<object, string>;

  /** `told` is what is said of the shape of what is computed. */
  constructor(
    parameters: readonly [string, tf.Variable][],
    readonly told: (shape: readonly number[]) => readonly number[],
  ) {
    this.#names = new Map(parameters.map(([name, { dataId }]) => [dataId, name]));
  }

  isComputed({ dataId, shape }: tf.TensorInfo): boolean {
    return this.#computed.get(dataId)?.has(String(shape)) ?? false;
  }

  add({ dataId, shape }: tf.TensorInfo): Computed {
    const value = { shape: this.told(shape) };
    if (!this.#computed.has(dataId)) this.#computed.set(dataId, new Map());
    this.#computed.get(dataId)!.set(String(shape), value);
    return value;
  }

  of(info: tf.TensorInfo): Value {
    const { dataId, shape, dtype } = info;
    const data = () => tf.backend().readSync(dataId) as Float32Array;
    return (
      this.#computed.get(dataId)?.get(String(shape)) ?? {
        name: this.#names.get(dataId),
        shape,
        ...(dtype !== "float32" && { dtype }),
        data: Float32Array.from(data()),
      }
    );
  }
}

interface Call {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Runs `body`, telling each kernel that it calls, in their order. */
function watched<T>(
  body: () => T,
  onCall: (kernel: string, call: Call, outputs: readonly tf.TensorInfo[]) => void,
): T {
  const kernels = tf.getKernelsForBackend(tf.getBackend());
  const originals = kernels.map(({ kernelFunc }) => kernelFunc);
  for (const kernel of kernels) {
    const { kernelName, kernelFunc } = kernel;
    kernel.kernelFunc = (call) => {
      const outputs = kernelFunc(call);
      const { inputs, attrs = {} } = call as unknown as Call;
      onCall(kernelName, { inputs, attrs }, [outputs].flat());
      return outputs;
    };
  }
  try {
    return body();
  } finally {
    for (const [i, kernel] of kernels.entries()) kernel.kernelFunc = originals[i]!;
  }
}

/** Of operations in their order those that lead to the outputs. */
export function needed(operations: readonly Operation[], outputs: readonly Value[]): Operation[] {
  const wanted = new Set<Value>(outputs);
  const found: Operation[] = [];
  for (const operation of operations.toReversed()) {
    if (!operation.outputs.some((output) => wanted.has(output))) continue;
    for (const input of Object.values(operation.inputs)) wanted.add(input);
    found.unshift(operation);
  }
  return found;
}

/** All of a graph but the numbers, as text. */
const outline = ({ operations }: Graph): string =>
  JSON.stringify(
    operations.map(({ kernel, inputs, outputs }) => [
      kernel,
      Object.values(inputs).map(({ shape }) => shape),
      outputs.map(({ shape }) => shape),
    ]),
  );
