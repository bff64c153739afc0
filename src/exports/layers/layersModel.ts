import * as tf from "../../tensors/tf.ts";
import { type Computed, type Graph, isConstant, type Operation, type Value } from "../graph.ts";
import type { ExportedFunction } from "../subject.ts";
import { LayerMaker } from "./layerMaker.ts";
import { NoLayer, operations } from "./operations.ts";

/** More than so many operations are no network, but a sum over levels that takes a page longer than it may. */
const MOST_OPERATIONS = 250;

/** The outputs of these names as a model of standard layers. Fails with `NoLayer` where there is no such layer. */
export function layersModel(
  part: ExportedFunction,
  graph: Graph,
  outputs: readonly string[],
): tf.LayersModel {
  const { input, layers, model } = tf.layers();
  const maker = new LayerMaker(part.name);
  const known = new Map<Value, tf.SymbolicTensor>();
  const inputs = part.inputs.map(({ name, shape }, i) => {
    const symbol = input({ shape: [...shape], name });
    known.set(graph.inputs[i]!, symbol);
    return symbol;
  });
  const makers = new Map<Computed, Operation>(
    graph.operations.flatMap((operation) => operation.outputs.map((output) => [output, operation] as const)),
  );
  const wanted = outputs.map((name) => {
    const value = graph.outputs[part.outputs.findIndex((port) => port.name === name)]!;
    return { name, value, operations: operationsOf(value, makers) };
  });
  const needed = new Set(wanted.flatMap(({ operations }) => operations));
  if (needed.size > MOST_OPERATIONS)
    throw new NoLayer(`its ${outputs.at(-1)} takes ${needed.size} operations, too many for a page`);
  for (const operation of graph.operations.filter((operation) => needed.has(operation))) {
    const translate = operations[operation.kernel];
    if (!translate) throw new NoLayer(`no standard layer does what ${operation.kernel} does`);
    const made = translate(operation, (value) => known.get(value)!, maker);
    for (const [i, symbol] of made.entries()) known.set(operation.outputs[i]!, symbol);
  }
  const named = wanted.map(({ name, value }) => {
    if (isConstant(value)) throw new NoLayer(`its ${name} depends on no input`);
    return layers.activation({ activation: "linear", name }).apply(known.get(value)!) as tf.SymbolicTensor;
  });
  const whole = model({ inputs, outputs: named, name: part.name });
  maker.fill();
  return whole;
}

/** Those that lead to a value. */
function operationsOf(value: Value, makers: ReadonlyMap<Value, Operation>): Operation[] {
  const found = new Set<Operation>();
  const open = [value];
  for (let next = open.pop(); next; next = open.pop()) {
    const operation = makers.get(next);
    if (!operation || found.has(operation)) continue;
    found.add(operation);
    open.push(...Object.values(operation.inputs));
  }
  return [...found];
}
