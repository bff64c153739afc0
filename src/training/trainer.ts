import { setImmediate as nextTurn } from "node:timers/promises";
import { VaeError } from "../base/errors.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Dataset } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { estimateBound } from "../evaluation/bounds.ts";
import { evaluationInputs } from "../evaluation/inputs.ts";
import { findNonFinite } from "../evaluation/nonFinite.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import type { Runner } from "../evaluation/runner.ts";
import { areFinite, type Means } from "../objectives/means.ts";
import { controlsAt, type Objective } from "../objectives/objective.ts";
import type { RandomStream } from "../tensors/random.ts";
import type { FinishReason, Listener } from "./events.ts";
import { type InputsPlan, trainingInputs, trainingInputsAhead } from "./inputs.ts";
import { addMeans, emptyTotals, meansOf, metricsOf, type Totals } from "./metrics.ts";
import { learningRateSchedule } from "./schedules.ts";
import type { TrainingConfig } from "./schema.ts";
import type { TrainStep } from "./step.ts";

/** The device is asked how the steps went at least this often, for whoever watches. */
const READ_EVERY_MS = 250;

/** Where a run stands, besides weights and the optimiser's state. Plain data: a checkpoint holds it as JSON. */
export interface TrainingState {
  /** Finished epochs. */
  epoch: number;
  /** Finished batches of the epoch under way. */
  batch: number;
  /** Finished steps of the whole run. */
  step: number;
  /** Of the epoch under way, and since the last "step" event. */
  epochTotals: Totals;
  windowTotals: Totals;
  /** The epoch with the lowest validation loss, with the controls where they end. */
  best: { epoch: number; loss: number } | null;
}

export const initialState = (objective: Objective): TrainingState => ({
  epoch: 0,
  batch: 0,
  step: 0,
  epochTotals: emptyTotals(objective),
  windowTotals: emptyTotals(objective),
  best: null,
});

export interface TrainerOptions {
  /** The model, and what runs its passes. */
  readonly runner: Runner;
  readonly step: TrainStep;
  readonly dataset: Dataset;
  readonly coding: PixelCoding;
  readonly config: TrainingConfig;
  readonly objective: Objective;
  readonly random: RandomStream;
  /** Where to go on from; changed as the run goes. */
  readonly state: TrainingState;
  /** Whether the state is that of a checkpoint. */
  readonly resumed?: boolean;
  readonly emit: Listener;
  readonly save: (name: "last" | "best", state: TrainingState) => Promise<void>;
  /** Aborting it stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Trains until the epochs are done, validation stops improving, or the signal says so. */
export async function train(options: TrainerOptions): Promise<FinishReason> {
  const { runner, step, dataset, coding, config, objective, state, emit, save, signal } = options;
  const facts = factsOf(options);
  const finish = async (reason: FinishReason) => {
    await step.sync();
    await save("last", state);
    await emit({ type: "finished", reason, epoch: state.epoch, step: state.step });
    return reason;
  };

  await emit({
    type: "started",
    objective,
    epoch: state.epoch,
    epochs: config.epochs,
    imagesPerEpoch: dataset.train.count,
    imagesDone: state.epochTotals.count,
  });
  while (state.epoch < config.epochs) {
    if (hasStoppedEarly(state, config)) return finish("early-stopping");
    const epoch = state.epoch + 1;
    const started = performance.now();
    const imagesBefore = state.epochTotals.count;
    await takeSteps(options, facts);
    if (signal?.aborted) return finish("interrupted");
    const seconds = (performance.now() - started) / 1000;
    const imagesPerSecond = (state.epochTotals.count - imagesBefore) / seconds;

    await step.sync();
    const bound = estimateBound(runner, objective, dataset.validation, coding);
    const validated = await bound.catch((error) => {
      if (!signal?.aborted) throw error;
    });
    if (!validated) return finish("interrupted"); // its steps are saved, and no more is made of them yet
    const { scaleAtFloor, means } = validated;
    const event = await facts.now();
    if (!areFinite(means)) await divergedInValidation(options, epoch, event.learningRate);
    const train = metricsOf(meansOf(state.epochTotals), event.controls, facts.context);
    const validation = metricsOf(means, event.controls, facts.context);
    const { loss } = metricsOf(means, facts.controlsAt("final"), facts.context);
    const improved = state.best === null || loss < state.best.loss;
    if (improved) state.best = { epoch, loss };
    Object.assign(state, { epoch, batch: 0, epochTotals: emptyTotals(objective) });
    // Before the checkpoints: what is told of an epoch that is not saved is told again, the same.
    await emit({
      type: "epoch",
      ...event,
      train,
      validation,
      ...(scaleAtFloor !== undefined && { scaleAtFloor }),
      improved,
      imagesPerSecond,
      seconds,
    });
    if (improved) await save("best", state);
    await save("last", state);
  }
  return finish(hasStoppedEarly(state, config) ? "early-stopping" : "completed");
}

/** Follows from the state, so that a run that was killed after it stopped does not train on when it is resumed. */
const hasStoppedEarly = ({ epoch, batch, best }: TrainingState, { earlyStopping }: TrainingConfig) =>
  earlyStopping > 0 && batch === 0 && best !== null && epoch - best.epoch >= earlyStopping;

/** Takes the steps that are left of the epoch under way, or fewer if the signal says so. */
async function takeSteps(options: TrainerOptions, facts: ReturnType<typeof factsOf>): Promise<void> {
  const { step, config, objective, state, emit, signal } = options;
  const plan = inputsPlan(options);
  /** Images of each step that is on its way. */
  let underWay: number[] = [];
  let lastRead = performance.now();
  let lastLoss: number | undefined;
  const read = async () => {
    for (const [i, means] of (await step.read()).entries()) {
      if (!areFinite(means)) {
        await step.sync();
        await diverged(options, await facts.now());
      }
      lastLoss = metricsOf(means, facts.controlsAt(state.step), facts.context).loss;
      advance(state, means, underWay[i]!);
    }
    underWay = [];
    lastRead = performance.now();
  };

  for await (const batch of trainingInputsAhead(plan)) {
    const index = state.step + underWay.length; // from 0
    const controls = facts.controlsAt(index);
    const learningRate = facts.learningRateAt(index);
    await step.run({ batch, controls: Object.values(controls), learningRate, step: index + 1 });
    underWay.push(batch.count);

    const isLogged = (index + 1) % config.logEvery === 0;
    if (isLogged || performance.now() - lastRead > READ_EVERY_MS) await read();
    const images = underWay.reduce((sum, count) => sum + count, state.epochTotals.count);
    await emit({ type: "progress", epoch: plan.epoch, step: index + 1, images, loss: lastLoss });
    if (isLogged) {
      const metrics = metricsOf(meansOf(state.windowTotals), controls, facts.context);
      state.windowTotals = emptyTotals(objective);
      await emit({ type: "step", ...(await facts.now()), metrics });
    }
    await nextTurn(); // lets Ctrl-C be heard
    if (signal?.aborted) break;
  }
  await read();
}

/** What follows from the options and holds for the whole run. */
function factsOf({ runner: { vae }, step, dataset, config, objective, state }: TrainerOptions) {
  const stepsPerEpoch = Math.ceil(dataset.train.count / config.batchSize);
  const at = (step: number | "final") => controlsAt(objective, step, stepsPerEpoch);
  const learningRateAt = learningRateSchedule(config, stepsPerEpoch * config.epochs);
  return {
    context: { objective, kindOf: vae.likelihood.kindOf, D: fieldSize(vae.target) },
    controlsAt: at,
    learningRateAt,
    /** The numbers of a log line that are none of the loss. */
    async now() {
      if (vae.likelihood.sigma) await step.sync();
      return {
        epoch: state.epoch + 1,
        step: state.step,
        controls: at(Math.max(0, state.step - 1)), // those of the last step
        learningRate: learningRateAt(Math.max(0, state.step - 1)),
        ...(await readSigma(vae)),
      };
    },
  };
}

/** The inputs of the steps from where the run stands to the end of its epoch. */
const inputsPlan = (options: TrainerOptions): InputsPlan => {
  const { runner, dataset, coding, config, objective, random, state } = options;
  return {
    set: dataset.train,
    fields: runner.vae.fields,
    coding,
    batchSize: config.batchSize,
    noise: runner.vae.noise,
    samples: objective.samples,
    epoch: state.epoch + 1,
    from: state.batch,
    step: state.step,
    seed: random.key,
  };
};

function advance(state: TrainingState, means: Means, images: number): void {
  state.step++;
  state.batch++;
  addMeans(state.epochTotals, means, images);
  addMeans(state.windowTotals, means, images);
}

/** Names what went wrong in the first step that was not made. */
async function diverged(
  options: TrainerOptions,
  at: { epoch: number; step: number; learningRate: number },
): Promise<never> {
  const batch = trainingInputs(inputsPlan(options)).next().value!;
  const culprit = await findNonFinite(options.runner.vae, options.objective, batch);
  throw new VaeError(
    "diverged",
    `The loss is not finite at step ${at.step + 1} (epoch ${at.epoch}): the first tensor with a bad value is ${culprit}. ` +
      `The update was not made${lastCheckpoint(options)}. ${remedies(at.learningRate)}`,
  );
}

/** Weights that an update has just spoilt, before they are saved: the loss of its batch was still finite. */
async function divergedInValidation(
  options: TrainerOptions,
  epoch: number,
  learningRate: number,
): Promise<never> {
  const { runner, objective, dataset, coding, config } = options;
  const { fields, noise } = runner.vae;
  const plan = { fields, coding, noise, set: dataset.validation, samples: objective.samples };
  const batch = evaluationInputs({ ...plan, batchSize: config.batchSize }).next().value!;
  const culprit = await findNonFinite(runner.vae, objective, batch);
  throw new VaeError(
    "diverged",
    `The validation loss is not finite after epoch ${epoch}: the first tensor with a bad value is ${culprit}. ` +
      `Nothing of this epoch was saved${lastCheckpoint(options)}. ${remedies(learningRate)}`,
  );
}

const lastCheckpoint = ({ state, resumed }: TrainerOptions) =>
  state.epoch > 0 || resumed ? "; the last checkpoint is from before" : ", and there is no checkpoint yet";

const remedies = (learningRate: number) =>
  `Try a lower --lr (now ${learningRate}), --training.clipNorm 100, or --training.warmupSteps 500.`;
