import * as tf from "../../../tf.ts";
import { unshare } from "../../adam.ts";
import { asTensors, type RecordedStep, type RecordStep, tryOut } from "../../recording.ts";
import type { GuardedBackend } from "../guarded.ts";
import { sentence } from "../health.ts";
import { createReplay } from "./replay.ts";
import { isSame, trace } from "./trace.ts";

/** The same shaders in the same order round alike; where they do not, they compute something else. */
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
    const refusal = captureErrors(backend.device);
    let step: RecordedStep | undefined;
    const attempt = async () => {
      const traced = trace(backend, tensors, compute);
      // What comes neither from the inputs nor from the variables must not change from step to step.
      if (!isSame(traced, trace(backend, tensors, compute))) {
        throw new Error("it is not the same twice, as if it drew random numbers");
      }
      step = createReplay(backend, program, traced);
      await tryOut(step, inputs, expected, TOLERANCE);
      return step;
    };
    const failure = await attempt().then(() => undefined, (error: unknown) => error);
    const reason = (await refusal()) ?? failure;
    if (!reason) return step!;
    step?.dispose();
    throw reason;
  });
};

/**
 * From here on what the card refuses, for want of memory say, is no failure of the backend, which goes on without a
 * recording. The function that it returns ends this and tells the refusal.
 */
function captureErrors(device: GPUDevice): () => Promise<Error | undefined> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  return async () => {
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    const error = errors.find((error) => error !== null);
    return error ? new Error(`the card refuses it: ${sentence(error.message)}`) : undefined;
  };
}

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
