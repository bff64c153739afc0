import type { RecordedStep, RecordStep, StepProgram } from "../backends/index.ts";
import { VaeError } from "../base/errors.ts";
import { hostInputs, inputNames } from "../model/inputs.ts";
import type { Model } from "../model/model.ts";
import { areFinite, type Means, meansByName } from "../objectives/means.ts";
import type { Objective } from "../objectives/objective.ts";
import { type HostArray, hostNumber } from "../tensors/hostArray.ts";
import type * as tf from "../tensors/tf.ts";
import type { Optimizer } from "./optimizer.ts";
import { differentiate, type TrainStep } from "./step.ts";

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
 * Each recording has its own copies of the weights and of the optimiser's state, and at most one of them is ahead of the variables:
 * `sync` copies back what it has, and the run after that copies in what the variables are by then. Throws
 * `NotRecordable`, with the variables up to date, before anything of the step is done.
 */
export function recordedStep(
  model: Model,
  objective: Objective,
  optimizer: Optimizer,
  record: RecordStep,
): TrainStep {
  const program: StepProgram = {
    slots: optimizer.slots,
    optimizer: optimizer.rule,
    clipNorm: optimizer.clipNorm,
    compute(inputs) {
      const controls = inputs.slice(inputNames(model).length) as tf.Scalar[];
      const { means, gradients } = differentiate(model, objective, inputs, controls);
      return { report: means, gradients };
    },
  };
  const recordings = new Map<string, RecordedStep>();
  let ahead: RecordedStep | undefined;
  const done: Means[] = [];

  const collect = async () => {
    for (const report of (await ahead?.read()) ?? []) done.push(meansByName(objective, report));
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
    async run({ batch, controls, learningRate, step }) {
      const inputs = [...hostInputs(model, batch), ...controls.map(hostNumber)];
      const recording = await recordingFor(inputs);
      if (ahead !== recording) {
        await sync();
        if (!done.every(areFinite)) return; // this recording does not know of it
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
