import * as tf from "../../../tensors/tf.ts";
import type { Binding, NodeBackend, OpAttr } from "../tfjsNode.ts";
import { type Graph, shapeAttr } from "./graph.ts";
import type { AttrValue } from "./savedModel.ts";

/**
 * Runs `compute` once and adds to the graph each operation that TensorFlow is asked to execute meanwhile, whatever it
 * is: there is no table of operations here. Returns the names of its results in the graph.
 *
 * `known` are the names of tensors that the graph has values of its own for: inputs and variables. Every other tensor
 * from outside is taken to be constant, with the values that it has now.
 */
export function trace(
  graph: Graph,
  known: ReadonlyMap<tf.Tensor, string>,
  compute: () => readonly tf.Tensor[],
): string[] {
  const backend = tf.backend() as NodeBackend;
  const { binding } = graph;
  const idOf = (tensor: tf.Tensor) => backend.getInputTensorIds([tensor])[0]!;
  // By the binding's numbers of tensors, which it never gives twice.
  const names = new Map([...known].map(([tensor, name]) => [idOf(tensor), name]));
  const computed = new Set(names.keys());

  const nameOf = (id: number) => {
    if (!names.has(id)) names.set(id, captured(graph, id));
    return names.get(id)!;
  };
  const recording = Object.create(binding, {
    executeOp: {
      value: (...[op, attrs, inputs, outputs]: Parameters<Binding["executeOp"]>) => {
        const node = graph.add(
          op,
          inputs.map(nameOf),
          Object.fromEntries(attrs.map((attr) => [attr.name, attrValue(binding, attr)])),
        );
        const handles = binding.executeOp(op, attrs, inputs, outputs);
        for (const [i, { id }] of handles.entries()) {
          names.set(id, i === 0 ? node : `${node}:${i}`);
          computed.add(id);
        }
        return handles;
      },
    },
    tensorDataSync: {
      value: (id: number) => {
        // What is done with the number would stay as it was at the recording.
        if (computed.has(id)) throw new Error("it reads a value that it has computed");
        return binding.tensorDataSync(id);
      },
    },
  }) as Binding;

  backend.binding = recording;
  try {
    return tf.tidy(() => compute().map((tensor) => nameOf(idOf(tensor))));
  } finally {
    backend.binding = binding;
  }
}

/** Plans twice: what comes neither from the inputs nor from the variables must not change from run to run. */
export function sameTwice<Plan extends { readonly graph: Graph }>(plan: () => Plan): Plan {
  const [first, second] = [plan(), plan()];
  if (Buffer.compare(first.graph.encode(), second.graph.encode()) !== 0) {
    throw new Error("it is not the same twice, as if it drew random numbers");
  }
  return first;
}

/** A tensor from outside, as a constant of the graph. */
function captured(graph: Graph, id: number): string {
  const { binding } = graph;
  const [copy] = binding.executeOp("Identity", [], [id], 1); // tells shape and type, and copies nothing
  try {
    const { shape, dtype } = copy!;
    const values = binding.tensorDataSync(id);
    if (!ArrayBuffer.isView(values)) throw new Error("it uses a tensor of strings");
    return graph.constant(dtype, shape, values);
  } finally {
    binding.deleteTensor(copy!.id);
  }
}

/** An attribute as the binding takes it -> as a graph has it. */
function attrValue(binding: Binding, { name, type, value }: OpAttr): AttrValue {
  const isList = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_SHAPE:
      return shapeAttr(value as number[]);
    case binding.TF_ATTR_INT:
      return isList ? { list: { i: value } } : { i: value as number };
    case binding.TF_ATTR_FLOAT:
      return isList ? { list: { f: value } } : { f: value as number };
    case binding.TF_ATTR_BOOL:
      return isList ? { list: { b: value } } : { b: value as boolean };
    case binding.TF_ATTR_TYPE:
      return { type: value as number };
    case binding.TF_ATTR_STRING:
      return { s: new TextEncoder().encode(value as string) };
    default:
      throw new Error(`the attribute ${name} has a type that a graph cannot be given`);
  }
}
