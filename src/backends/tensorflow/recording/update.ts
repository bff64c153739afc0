import * as tf from "../../../tensors/tf.ts";
import { type AdamConstants, keptShare } from "../../adam.ts";
import {
  mapValues,
  type OptimizerSlot,
  type StepSettings,
  type UpdateRule,
  variablesOf,
} from "../../optimizer.ts";
import { biasCorrected } from "../adam.ts";
import type { Graph } from "./graph.ts";
import { trace } from "./trace.ts";

/** A variable of the graph. */
export interface GraphVariable {
  readonly handle: string;
  readonly value: string;
}

/** The part of a step's graph that changes its variables. */
export interface GraphUpdate {
  /** Where the numbers of a step are given. */
  readonly placeholders: readonly string[];
  numbers(at: StepSettings): readonly number[];
  /** The nodes that change the variables. */
  readonly nodes: readonly string[];
}

interface Parts {
  readonly slots: readonly OptimizerSlot[];
  /** Of each slot, in the order of `variablesOf`. */
  readonly variables: readonly (readonly GraphVariable[])[];
  readonly gradients: readonly string[];
  /** Nothing changes unless this node runs. */
  readonly taken: string;
}

/** Adds a step of the optimiser: by TensorFlow's own operation where that is Adam, otherwise traced. */
export const addUpdate = (graph: Graph, rule: UpdateRule, parts: Parts): GraphUpdate =>
  rule.adam ? addAdam(graph, rule.adam, parts) : addTraced(graph, rule, parts);

function addAdam(graph: Graph, adam: AdamConstants, { variables, gradients, taken }: Parts): GraphUpdate {
  const { binding } = graph;
  const T = { type: binding.TF_FLOAT };
  const number = () => graph.placeholder(binding.TF_FLOAT, []);
  const [learningRate, epsilon] = [number(), number()];
  const keep = adam.weightDecay ? number() : undefined;
  const [zero, beta1, beta2] = [0, adam.beta1, adam.beta2].map((value) => graph.number(value));
  /** Shrinks a parameter before Adam changes it. */
  const decay = ({ handle, value }: GraphVariable) =>
    assign(graph, handle, graph.add("Mul", [value, keep!], { T }), taken);
  const nodes = variables.map((slot, i) =>
    graph.add(
      "ResourceApplyAdam",
      [
        ...slot.map(({ handle }) => handle),
        ...[zero!, zero!, learningRate, beta1!, beta2!, epsilon],
        gradients[i]!,
      ],
      { T },
      keep === undefined ? [taken] : [taken, decay(slot[0]!)],
    ),
  );
  return {
    placeholders: [learningRate, epsilon, ...(keep === undefined ? [] : [keep])],
    numbers(at) {
      const rates = biasCorrected({ ...at, ...adam });
      const kept = keep === undefined ? [] : [keptShare({ ...at, ...adam })];
      return [rates.learningRate, rates.epsilon, ...kept];
    },
    nodes,
  };
}

function addTraced(
  graph: Graph,
  rule: UpdateRule,
  { slots, variables, gradients, taken }: Parts,
): GraphUpdate {
  // What stands for numbers and gradients while the update is traced.
  const numbers = mapValues(rule.numbers({ learningRate: 1, step: 1 }), (value) => tf.scalar(value));
  const standIns = slots.map(({ param }) => tf.zerosLike(param));
  const placeholders = Object.keys(numbers).map(() => graph.placeholder(graph.binding.TF_FLOAT, []));
  try {
    const values = variables.flat().map(({ value }) => value);
    const known = new Map<tf.Tensor, string>([
      ...pairs(Object.values(numbers), placeholders),
      ...pairs(standIns, gradients),
      ...pairs(
        slots.flatMap((slot) => variablesOf(rule, slot)),
        values,
      ),
    ]);
    const updated = trace(graph, known, () =>
      slots.flatMap(({ param, state }, i) => {
        const next = rule.update({ param, state, grad: standIns[i]!, numbers });
        return [next.param, ...rule.state.map((name) => next.state[name]!)];
      }),
    );
    return {
      placeholders,
      numbers: (at) => Object.values(rule.numbers(at)),
      nodes: variables.flat().map(({ handle }, i) => assign(graph, handle, updated[i]!, taken)),
    };
  } finally {
    tf.dispose([...Object.values(numbers), ...standIns]);
  }
}

const pairs = <A, B>(as: readonly A[], bs: readonly B[]) => as.map((a, i) => [a, bs[i]!] as const);

const assign = (graph: Graph, handle: string, value: string, after: string) =>
  graph.add("AssignVariableOp", [handle, value], { dtype: { type: graph.binding.TF_FLOAT } }, [after]);
