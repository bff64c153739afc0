import * as tf from "../../../tf.ts";
import { unshare } from "../../adam.ts";
import type { RecordStep } from "../../recording.ts";
import type { GuardedBackend } from "../guarded.ts";
import { createReplay } from "./replay.ts";
import { isSame, trace } from "./trace.ts";

/**
 * Records a step as the commands that the card is given, with memory of their own. A replay costs the host a few calls
 * for each command, and none of TensorFlow.js.
 */
export const recordStep: RecordStep = async (program, inputs) => {
  const backend = tf.backend() as unknown as GuardedBackend;
  const compute = (inputs: readonly tf.Tensor[]) => {
    const { report, gradients } = program.compute(inputs);
    return [report, ...gradients];
  };
  // A tensor that shares the memory of a parameter would seem to be that parameter.
  for (const { param } of program.slots) unshare(param);
  const expected = await reportOf(() => compute(inputs));
  const traced = trace(backend, inputs, compute);
  // What comes neither from the inputs nor from the variables must not change from step to step.
  if (!isSame(traced, trace(backend, inputs, compute))) {
    throw new Error("it is not the same twice, as if it drew random numbers");
  }
  const step = createReplay(backend, program, traced);
  try {
    step.load();
    const report = await step.run(inputs, { learningRate: 0, step: 1 });
    if (!agree(report, expected)) throw new Error("replayed, it does not give the same numbers");
    return step;
  } catch (error) {
    step.dispose();
    throw error;
  }
};

/** The first result of a step that runs operation by operation. */
async function reportOf(compute: () => tf.Tensor[]): Promise<ArrayLike<number>> {
  const [report, ...others] = tf.tidy(compute);
  tf.dispose(others);
  try {
    return await report!.data();
  } finally {
    report!.dispose();
  }
}

/** The same shaders in the same order round alike; where they do not, they compute something else. */
function agree(got: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  return Array.from(expected).every((value, i) =>
    Number.isFinite(value)
      ? Math.abs(got[i]! - value) <= 1e-5 * Math.max(1, Math.abs(value))
      : !Number.isFinite(got[i]!),
  );
}
