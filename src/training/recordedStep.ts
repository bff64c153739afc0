import {
  type HostArray,
  hostNumber,
  hostRows,
  type RecordedStep,
  type RecordStep,
  type StepProgram,
} from "../backends/index.ts";
import { VaeError } from "../errors.ts";
import type { Vae } from "../model.ts";
import type { Objective } from "../objectives/objective.ts";
import type * as tf from "../tf.ts";
import type { Terms } from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";
import { differentiate, isFiniteLoss, type TrainStep } from "./step.ts";

/** A step that runs operation by operation, but not recorded. */
export class NotRecordable extends VaeError {
  readonly reason: string;

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      "failure",
      `The training step cannot be recorded: ${reason}. --training.step eager runs it anyway.`,
      {
        cause,
      },
    );
    this.reason = reason;
  }
}

/**
 * Records the step at its first run, and once more for each new shape of the batch; then replays it.
 *
 * Each recording has its own copies of the weights and moments, and at most one of them is ahead of the variables:
 * `sync` copies back what it has, and the run after that copies in what the variables are by then. Throws
 * `NotRecordable`, with the variables up to date, before anything of the step is done.
 */
export function recordedStep(
  vae: Vae,
  objective: Objective,
  optimizer: Optimizer,
  record: RecordStep,
): TrainStep {
  const { adam, clipNorm } = optimizer.config;
  const program: StepProgram = {
    slots: optimizer.slots,
    adam,
    clipNorm,
    compute(inputs) {
      const [x, noise, beta] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Scalar];
      const { means, gradients } = differentiate(vae, objective, { x, noise, beta });
      return { report: means, gradients };
    },
  };
  const recordings = new Map<string, RecordedStep>();
  let ahead: RecordedStep | undefined;
  const done: Terms[] = [];

  const collect = async () => {
    for (const [distortion, rate] of (await ahead?.read()) ?? []) {
      done.push({ distortion: distortion!, rate: rate! });
    }
  };
  const sync = async () => {
    await collect();
    ahead?.store();
    ahead = undefined;
  };
  const recordingFor = async (inputs: readonly HostArray[]) => {
    const shapes = JSON.stringify(inputs.map(({ shape }) => shape));
    const known = recordings.get(shapes);
    if (known) return known;
    await sync();
    const recording = await record(program, inputs).catch((cause) => {
      throw new NotRecordable(cause);
    });
    recordings.set(shapes, recording);
    return recording;
  };
  return {
    async run({ count, x, noise, beta, learningRate, step }) {
      const inputs = [hostRows(x, count), hostRows(noise, count), hostNumber(beta)];
      const recording = await recordingFor(inputs);
      if (ahead !== recording) {
        await sync();
        if (!done.every(isFiniteLoss)) return; // this recording does not know of it
        recording.load();
        ahead = recording;
      }
      await recording.run(inputs, { learningRate, step });
    },
    async read() {
      await collect();
      return done.splice(0);
    },
    sync,
    dispose() {
      for (const recording of recordings.values()) recording.dispose();
      recordings.clear();
      ahead = undefined;
    },
  };
}
