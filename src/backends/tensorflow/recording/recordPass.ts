import { asTensors, type HostArray } from "../../../tensors/hostArray.ts";
import * as tf from "../../../tensors/tf.ts";
import { mustAgree, type PassProgram, type RecordPass } from "../../recording.ts";
import type { NodeBackend } from "../tfjsNode.ts";
import { Graph } from "./graph.ts";
import { openSession } from "./session.ts";
import { sameTwice, trace } from "./trace.ts";
import { readAndDelete, withUploaded } from "./transfer.ts";

/** Fused operations round otherwise, and a share of values beyond a bound jumps where one of them does. */
const TOLERANCE = 1e-4;

/**
 * Records a pass as a TensorFlow graph, which a session runs in one call. The parameters are given to it at each run:
 * on the CPU a session works on the memory of the tensors that it is given, so that costs nothing.
 */
export const recordPass: RecordPass = async (program, inputs) => {
  const plan = await asTensors(inputs, async (tensors) => sameTwice(() => planPass(program, tensors)));
  const backend = tf.backend() as NodeBackend;
  const session = openSession(plan.graph);
  const run = (inputs: readonly HostArray[]) =>
    withUploaded(backend.binding, inputs, (ids) => {
      const given = [...ids, ...backend.getInputTensorIds(program.parameters)];
      const feeds = plan.placeholders.map((name, i) => [name, given[i]!] as const);
      return readAndDelete(backend.binding, session.run(feeds, plan.results));
    });
  try {
    for (const [i, values] of run(inputs).entries()) mustAgree(values, plan.expected[i]!, TOLERANCE);
  } catch (error) {
    session.close();
    throw error;
  }
  return { run: async (inputs) => run(inputs), dispose: () => session.close() };
};

/** The graph of a pass, the names of what is given to it and taken from it, and the results for these inputs. */
function planPass({ parameters, compute }: PassProgram, inputs: readonly tf.Tensor[]) {
  const backend = tf.backend() as NodeBackend;
  const graph = new Graph(backend.binding);
  const given = [...inputs, ...parameters];
  const placeholders = given.map(({ dtype, shape }) =>
    graph.placeholder(backend.getDTypeInteger(dtype), shape),
  );
  const known = new Map(given.map((tensor, i) => [tensor, placeholders[i]!]));
  let computed: tf.Tensor[] = [];
  try {
    const names = trace(graph, known, () => {
      computed = compute(inputs).map((result) => tf.keep(result));
      return computed;
    });
    const results = names.map((name, i) => {
      // A session does not give back what was given to it.
      return graph.add("Identity", [name], { T: { type: backend.getDTypeInteger(computed[i]!.dtype) } });
    });
    return { graph, placeholders, results, expected: computed.map((result) => result.dataSync()) };
  } finally {
    tf.dispose(computed);
  }
}
