import { stepRecorder } from "../backends/index.ts";
import { VaeError } from "../base/errors.ts";
import type { Model } from "../model/model.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";
import type { Optimizer } from "./optimizer.ts";
import { NotRecordable, recordedStep } from "./recordedStep.ts";
import type { TrainingConfig } from "./schema.ts";
import { eagerStep, type TrainStep } from "./step.ts";

/** The training step as configured, on the current backend. `note` is told where `auto` has to do without recording. */
export function createStep(
  kind: TrainingConfig["step"],
  parts: { model: Model; objective: Objective; optimizer: Optimizer },
  note: (text: string) => void,
): TrainStep {
  const { model, objective, optimizer } = parts;
  const eager = eagerStep(model, objective, optimizer);
  if (kind === "eager") return eager;
  const record = stepRecorder();
  if (record) {
    const recorded = recordedStep(model, objective, optimizer, record);
    return kind === "recorded" ? recorded : recordedOrEager(recorded, eager, note);
  }
  if (kind === "auto") return eager;
  throw new VaeError(
    "usage",
    `training.step is recorded, which the ${tf.getBackend()} backend cannot do. It accepts auto and eager.`,
  );
}

/** Recorded until that fails, which it does before anything of the step is done; from then on eager. */
function recordedOrEager(recorded: TrainStep, eager: TrainStep, note: (text: string) => void): TrainStep {
  let current = recorded;
  return {
    async run(inputs) {
      try {
        await current.run(inputs);
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error;
        note(`the training step runs operation by operation, as it cannot be recorded: ${error.reason}`);
        current.dispose();
        current = eager;
        return current.run(inputs);
      }
    },
    read: async () => [...(await recorded.read()), ...(await eager.read())],
    sync: () => current.sync(),
    dispose: () => current.dispose(),
  };
}
