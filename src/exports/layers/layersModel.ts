import * as tf from "../../tensors/tf.ts";
import { type Graph, isConstant, needed, type Value } from "../graph.ts";
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
  const wanted = outputs.map((name) => ({
    name,
    value: graph.outputs[part.outputs.findIndex((port) => port.name === name)]!,
  }));
  const leading = needed(
    graph.operations,
    wanted.map(({ value }) => value),
  );
  if (leading.length > MOST_OPERATIONS)
    throw new NoLayer(`its ${outputs.at(-1)} takes ${leading.length} operations, too many for a page`);
  for (const operation of leading) {
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
