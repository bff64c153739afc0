import { z } from "zod";
import { optimizerSchema } from "./optimizers/index.ts";

export const learningRateSchedules = ["constant", "linear", "cosine", "exponential"] as const;

export const divergenceReactions = ["stop", "rollback"] as const;

export const stepKinds = ["auto", "eager", "recorded"] as const;

export const trackerNames = ["tensorboard"] as const;

export type TrackerName = (typeof trackerNames)[number];

/** Settings that a resumed run may change, see `phases.ts`; without defaults and words. */
export const changeable = {
  epochs: z.int().positive(),
  learningRate: z.number().positive(),
  schedule: z.enum(learningRateSchedules),
  finalLearningRate: z.number().positive(),
  earlyStopping: z.int().min(0),
};

export const trainingSchema = z.strictObject({
  epochs: changeable.epochs.default(6).meta({
    description: "epochs, each a pass over the training images unless passesPerEpoch makes it more",
    flag: "epochs",
  }),
  passesPerEpoch: z
    .union([z.literal("auto"), z.int().positive()])
    .default(1)
    .describe(
      "passes over the training examples that make an epoch, after which it is validated, saved and told; auto, the default of bnn, takes as many as make 1000 steps",
    ),
  batchSize: z.int().positive().default(128).meta({ description: "images per step", flag: "batch-size" }),
  learningRate: changeable.learningRate
    .default(0.001)
    .meta({ description: "step size of the optimiser", flag: "lr" }),
  schedule: changeable.schedule
    .default("constant")
    .describe("how the learning rate goes from learningRate to finalLearningRate over the run"),
  finalLearningRate: changeable.finalLearningRate
    .default(0.00001)
    .describe("learning rate at the end of the run, for every schedule but `constant`"),
  warmupSteps: z.int().min(0).default(0).describe("steps over which the learning rate rises linearly from 0"),
  optimizer: optimizerSchema.prefault({ kind: "adam" }),
  clipNorm: z
    .number()
    .min(0)
    .default(0)
    .describe("bound on the norm of the whole gradient; 0 turns clipping off"),
  earlyStopping: changeable.earlyStopping
    .default(0)
    .describe(
      "stop after this many epochs without a lower validation loss, not counting those in which β or another weight of the objective is still on its way; 0 turns it off",
    ),
  onDivergence: z.enum(divergenceReactions).default("stop").meta({
    description:
      "what a loss that is not finite does: `stop` the run, or `rollback` to its last checkpoint and go on with half the learning rate",
    flag: "on-divergence",
  }),
  logEvery: z.int().positive().default(50).describe("steps between two lines of metrics"),
  log: z
    .array(z.enum(trackerNames))
    .default([])
    .describe(
      "what is told of the run besides `metrics.jsonl`: `tensorboard` writes event files for it, with scalars, pictures and settings",
    ),
  previewEvery: z
    .int()
    .min(0)
    .default(1)
    .describe(
      "epochs between two refreshes of the pictures, which are two seconds apart at least; 0: only at the end",
    ),
  step: z
    .enum(stepKinds)
    .default("auto")
    .describe(
      "how a step runs: `eager` operation by operation, `recorded` once and then replayed in one call (tensorflow, webgpu), " +
        "`auto` recorded where that can be; the evaluation is recorded as well, unless this is `eager`",
    ),
  seed: z.int().min(0).default(0).meta({ description: "seed of weights, order and noise", flag: "seed" }),
});

export type TrainingConfig = z.infer<typeof trainingSchema>;
