import { asTensors } from "../../../tensors/hostArray.ts";
import * as tf from "../../../tensors/tf.ts";
import { unshare } from "../../adam.ts";
import { type RecordStep, tryOut } from "../../recording.ts";
import type { GuardedBackend } from "../guarded.ts";
import { fromTrace } from "./fromTrace.ts";
import { createReplay } from "./replay.ts";

/** The same numbers added up in another order. */
const TOLERANCE = 1e-5;

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
  return asTensors(inputs, async (tensors) => {
    const expected = await reportOf(() => compute(tensors));
    return fromTrace(
      backend,
      tensors,
      compute,
      (traced) => createReplay(backend, program, traced),
      (step) => tryOut(step, inputs, expected, TOLERANCE),
    );
  });
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
