import type * as tf from "../../../tensors/tf.ts";
import type { GuardedBackend } from "../guarded.ts";
import { sentence } from "../health.ts";
import { isSame, type Trace, trace } from "./trace.ts";

/**
 * What `create` makes of the commands that `compute` gives to the card, once `tryOut` has found that it computes the same.
 *
 * Meanwhile what the card refuses, for want of memory say, is no failure of the backend, which goes on without a
 * recording, but of this.
 */
export async function fromTrace<T extends { dispose(): void }>(
  backend: GuardedBackend,
  inputs: readonly tf.Tensor[],
  compute: (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[],
  create: (traced: Trace) => T,
  tryOut: (recording: T) => Promise<void>,
): Promise<T> {
  const refusal = captureErrors(backend.device);
  let recording: T | undefined;
  let failure: unknown;
  try {
    const traced = trace(backend, inputs, compute);
    // What comes neither from the inputs nor from the variables must not change from run to run.
    if (!isSame(traced, trace(backend, inputs, compute))) {
      throw new Error("it is not the same twice, as if it drew random numbers");
    }
    recording = create(traced);
    await tryOut(recording);
  } catch (error) {
    failure = error;
  }
  const reason = (await refusal()) ?? failure;
  if (!reason) return recording!;
  recording?.dispose();
  throw reason;
}

/** From here on errors of the card are kept; the function that it returns ends this and tells one of them. */
function captureErrors(device: GPUDevice): () => Promise<Error | undefined> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  return async () => {
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    const error = errors.find((error) => error !== null);
    return error ? new Error(`the card refuses it: ${sentence(error.message)}`) : undefined;
  };
}
