import { asTensors, hostNumber } from "../../../tensors/hostArray.ts";
import * as tf from "../../../tensors/tf.ts";
import { clipped } from "../../adam.ts";
import { variablesOf } from "../../optimizer.ts";
import { type RecordedStep, type RecordStep, type StepProgram, tryOut } from "../../recording.ts";
import type { NodeBackend } from "../tfjsNode.ts";
import { Graph } from "./graph.ts";
import { openSession } from "./session.ts";
import { sameTwice, trace } from "./trace.ts";
import { readAndDelete, withUploaded } from "./transfer.ts";
import { addUpdate } from "./update.ts";

/** Fused operations round otherwise; a graph that computes something else is further off. */
const TOLERANCE = 1e-3;

/**
 * Records a step as a TensorFlow graph with variables, which a session runs in one call. TensorFlow then fuses
 * operations, runs those side by side that do not need each other, and reuses memory; no tensor passes JavaScript.
 */
export const recordStep: RecordStep = async (program, inputs) => {
  const plan = await asTensors(inputs, async (tensors) => sameTwice(() => planStep(program, tensors)));
  const step = replay(program, plan);
  try {
    await tryOut(step, inputs, plan.expected, TOLERANCE);
    return step;
  } catch (error) {
    step.dispose();
    throw error;
  }
};

function replay({ slots, optimizer }: StepProgram, plan: StepPlan): RecordedStep {
  const backend = tf.backend() as NodeBackend;
  const { binding } = backend;
  const session = openSession(plan.graph);
  const variables = slots.flatMap((slot) => variablesOf(optimizer, slot));
  const fetch = (...args: Parameters<typeof session.run>) =>
    session.run(...args).map((handle) => backend.createOutputTensor(handle));
  const reports: Float32Array[] = [];
  let halted = false;
  return {
    load() {
      halted = false;
      const ids = backend.getInputTensorIds(variables);
      const feeds = plan.variables.map(({ initial }, i) => [initial, ids[i]!] as const);
      tf.dispose(fetch(feeds, [plan.loaded]));
    },
    async run(inputs, at) {
      if (halted) return;
      const arrays = [...inputs, ...plan.numbers(at).map(hostNumber)];
      const [report] = withUploaded(binding, arrays, (ids) => {
        const feeds = plan.placeholders.map((name, i) => [name, ids[i]!] as const);
        return readAndDelete(binding, session.run(feeds, [plan.report]));
      }) as [Float32Array];
      halted = !report.every(Number.isFinite);
      reports.push(report);
    },
    read: async () => reports.splice(0),
    store() {
      const values = fetch(
        [],
        plan.variables.map(({ value }) => value),
      );
      for (const [i, value] of values.entries()) variables[i]!.assign(value);
      tf.dispose(values);
    },
    dispose: () => session.close(),
  };
}

type StepPlan = ReturnType<typeof planStep>;

/** The graph of a step, the names of what is given to it and taken from it, and what it reports for these inputs. */
function planStep({ slots, optimizer, clipNorm, compute }: StepProgram, inputs: readonly tf.Tensor[]) {
  const backend = tf.backend() as NodeBackend;
  const { binding } = backend;
  const graph = new Graph(binding);
  const T = { type: binding.TF_FLOAT };
  const addVariable = ({ shape }: tf.Tensor) => {
    const handle = graph.variable(shape);
    return {
      handle,
      /** Where its value is given when it is loaded. */
      initial: graph.placeholder(binding.TF_FLOAT, shape),
      value: graph.add("ReadVariableOp", [handle], { dtype: T }),
    };
  };

  const placeholders = inputs.map(({ dtype, shape }) =>
    graph.placeholder(backend.getDTypeInteger(dtype), shape),
  );
  const variables = slots.map((slot) => variablesOf(optimizer, slot).map(addVariable));
  const known = new Map<tf.Tensor, string>([
    ...inputs.map((tensor, i) => [tensor, placeholders[i]!] as const),
    ...slots.map(({ param }, i) => [param, variables[i]![0]!.value] as const),
  ]);
  let traced!: tf.Tensor;
  const [report, finite, ...gradients] = trace(graph, known, () => {
    const { report, gradients } = compute(inputs);
    traced = tf.keep(report);
    const updating = clipNorm > 0 ? clipped(gradients, clipNorm) : gradients;
    return [report, tf.all(tf.isFinite(report)), ...updating];
  }) as [string, string, ...string[]];
  const expected = traced.dataSync<"float32">();
  traced.dispose();

  // `taken` and all after it run where the report is finite, `left` where it is not; Merge gives the one that did.
  const branch = graph.add("Switch", [report, finite], { T });
  const taken = graph.add("Identity", [`${branch}:1`], { T });
  const left = graph.add("Identity", [branch], { T });
  const update = addUpdate(graph, optimizer, { slots, variables, gradients, taken });
  const updated = graph.add("Identity", [taken], { T }, update.nodes);
  const assigned = variables
    .flat()
    .map(({ handle, initial }) => graph.add("AssignVariableOp", [handle, initial], { dtype: T }));

  return {
    graph,
    expected,
    placeholders: [...placeholders, ...update.placeholders],
    numbers: update.numbers,
    variables: variables.flat(),
    report: graph.add("Merge", [updated, left], { T, N: { i: 2 } }),
    loaded: graph.add("Identity", [graph.number(0)], { T }, assigned),
  };
}
