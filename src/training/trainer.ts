import { setImmediate as nextTurn } from "node:timers/promises";
import { batchesPerEpoch, type EpochPlan } from "../data/batches.ts";
import type { PixelCoding } from "../data/codings.ts";
import { type Dataset, holdsOutValidation } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { estimateBound } from "../evaluation/bounds.ts";
import { evaluationInputs } from "../evaluation/inputs.ts";
import { findNonFinite } from "../evaluation/nonFinite.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import type { Runner } from "../evaluation/runner.ts";
import { areFinite, type Means } from "../objectives/means.ts";
import { settlesAfter } from "../objectives/objective.ts";
import type { RandomStream } from "../tensors/random.ts";
import { Divergence } from "./divergence.ts";
import type { FinishReason, Listener } from "./events.ts";
import { type InputsPlan, trainingInputs, trainingInputsAhead } from "./inputs.ts";
import { addMeans, emptyTotals, meansOf, metricsOf } from "./metrics.ts";
import { type Phase, type Phases, settingsByStep } from "./phases.ts";
import type { TrainingConfig } from "./schema.ts";
import type { TrainingState } from "./state.ts";
import type { TrainStep } from "./step.ts";

/** The device is asked how the steps went at least this often, for whoever watches. */
const READ_EVERY_MS = 250;

export interface TrainerOptions {
  /** The model, and what runs its passes. */
  readonly runner: Runner;
  readonly step: TrainStep;
  readonly dataset: Dataset;
  readonly coding: PixelCoding;
  /** What holds from which step on; of one phase, unless the run was resumed with other settings. */
  readonly phases: Phases;
  readonly random: RandomStream;
  /** Where to go on from, which is where the last checkpoint stands; changed as the run goes. */
  readonly state: TrainingState;
  readonly emit: Listener;
  readonly save: (name: "last" | "best", state: TrainingState) => Promise<void>;
  /** Aborting it stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Trains until the epochs are done, validation stops improving, or the signal says so. */
export async function train(options: TrainerOptions): Promise<FinishReason> {
  const { runner, step, dataset, coding, phases, state, emit, signal } = options;
  const { objective } = phases[0];
  const facts = factsOf(options);
  const { settings } = facts;
  const save = async (name: "last" | "best") => {
    await options.save(name, state);
    if (name === "last") facts.savedStep = state.step;
  };
  const finish = async (reason: FinishReason) => {
    await step.sync();
    await save("last");
    await emit({ type: "finished", reason, epoch: state.epoch, step: state.step });
    return reason;
  };
  const now = () => settings.at(state.step).config;

  await emit({
    type: "started",
    objective: settings.at(state.step).objective,
    epoch: state.epoch,
    epochs: phases.at(-1)!.config.epochs,
    imagesPerEpoch: epochPlan(phases[0].config, dataset.train.count).passes * dataset.train.count,
    imagesDone: state.epochTotals.count,
  });
  while (state.epoch < now().epochs) {
    if (settings.startsAnew(state.step)) state.best = null;
    if (hasStoppedEarly(state, settings.at(state.step))) return finish("early-stopping");
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
    if (!areFinite(means)) await failInValidation(options, facts, epoch);
    const train = metricsOf(meansOf(state.epochTotals), event.controls, facts.context);
    const validation = metricsOf(means, event.controls, facts.context);
    const { loss } = metricsOf(means, settings.finalControlsAt(facts.lastStep()), facts.context);
    // The best epoch is that of the lowest validation loss as it counts, with the controls where they end. Where nothing is held out
    // that would choose by the noise of an estimate of what was minimised: there the last is the best.
    const improved = !holdsOutValidation(dataset) || state.best === null || loss < state.best.loss;
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
    if (improved) await save("best");
    await save("last");
  }
  return finish(hasStoppedEarly(state, settings.at(state.step)) ? "early-stopping" : "completed");
}

/**
 * Whether so many epochs have brought no lower validation loss, those not counted in which the controls were still on their
 * way: until they are where they end, training makes another loss small than the one that is compared. Follows from the
 * state, so that a run that was killed after it stopped does not train on when it is resumed.
 */
function hasStoppedEarly({ epoch, batch, best }: TrainingState, { config, objective }: Phase): boolean {
  const { earlyStopping } = config;
  if (earlyStopping === 0 || batch !== 0 || best === null) return false;
  return epoch - Math.max(best.epoch, settlesAfter(objective)) >= earlyStopping;
}

/** Takes the steps that are left of the epoch under way, or fewer if the signal says so. */
async function takeSteps(options: TrainerOptions, facts: Facts): Promise<void> {
  const { step, phases, state, emit, signal } = options;
  const { objective, config } = phases[0];
  const { settings } = facts;
  const plan = inputsPlan(options);
  /** Images of each step that is on its way. */
  let underWay: number[] = [];
  let lastRead = performance.now();
  let lastLoss: number | undefined;
  const read = async () => {
    for (const [i, means] of (await step.read()).entries()) {
      if (!areFinite(means)) {
        await step.sync();
        await failInStep(options, facts);
      }
      lastLoss = metricsOf(means, settings.controlsAt(state.step), facts.context).loss;
      advance(state, means, underWay[i]!);
    }
    underWay = [];
    lastRead = performance.now();
  };

  for await (const batch of trainingInputsAhead(plan)) {
    const index = state.step + underWay.length; // from 0
    if (settings.startsAnew(index)) state.best = null;
    const controls = settings.controlsAt(index);
    const learningRate = settings.learningRateAt(index);
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

type Facts = ReturnType<typeof factsOf>;

/** What follows from the options and holds for the whole run. */
function factsOf({ runner: { model }, step, dataset, phases, state }: TrainerOptions) {
  const { config, objective } = phases[0];
  const settings = settingsByStep(
    phases,
    batchesPerEpoch(dataset.train.count, epochPlan(config, dataset.train.count)),
  );
  /** The last step that was made, from 0. */
  const lastStep = () => Math.max(0, state.step - 1);
  return {
    context: { objective, kindOf: model.likelihood.kindOf, D: fieldSize(model.target) },
    settings,
    lastStep,
    /** Of the last checkpoint. */
    savedStep: state.step,
    /** The numbers of a log line that are none of the loss. */
    async now() {
      if (model.likelihood.sigma) await step.sync();
      return {
        epoch: state.epoch + 1,
        step: state.step,
        controls: settings.controlsAt(lastStep()),
        learningRate: settings.learningRateAt(lastStep()),
        ...(await readSigma(model)),
      };
    },
  };
}

/** What makes an epoch worth validating and saving, where `auto` says how many passes it is. */
const STEPS_PER_EPOCH = 1000;

/** How an epoch goes through so many examples. */
export function epochPlan({ passesPerEpoch, batchSize }: TrainingConfig, count: number): Required<EpochPlan> {
  const passes = Math.max(1, Math.round(STEPS_PER_EPOCH / batchesPerEpoch(count, { batchSize })));
  return { batchSize, passes: passesPerEpoch === "auto" ? passes : passesPerEpoch };
}

/** The inputs of the steps from where the run stands to the end of its epoch. */
const inputsPlan = ({ runner, dataset, coding, phases, random, state }: TrainerOptions): InputsPlan => ({
  set: dataset.train,
  fields: runner.model.fields,
  coding,
  ...epochPlan(phases[0].config, dataset.train.count),
  noise: runner.model.noise,
  samples: phases[0].objective.samples,
  epoch: state.epoch + 1,
  from: state.batch,
  step: state.step,
  seed: random.key,
});

function advance(state: TrainingState, means: Means, images: number): void {
  state.step++;
  state.batch++;
  addMeans(state.epochTotals, means, images);
  addMeans(state.windowTotals, means, images);
}

/** Names what went wrong in the first step that was not made. */
async function failInStep(options: TrainerOptions, { settings, savedStep }: Facts): Promise<never> {
  const { runner, phases, state } = options;
  const batch = trainingInputs(inputsPlan(options)).next().value!;
  const culprit = await findNonFinite(runner.model, phases[0].objective, batch);
  throw new Divergence(
    `The loss is not finite at step ${state.step + 1} (batch ${state.batch + 1} of epoch ${state.epoch + 1}): ` +
      `the first tensor with a bad value is ${culprit}`,
    {
      outcome: "The update was not made",
      savedStep,
      learningRate: settings.learningRateAt(state.step),
    },
  );
}

/** Weights that an update has just spoilt, before they are saved: the loss of its batch was still finite. */
async function failInValidation(options: TrainerOptions, facts: Facts, epoch: number): Promise<never> {
  const { runner, dataset, coding, phases, state } = options;
  const { config, objective } = phases[0];
  const { fields, noise } = runner.model;
  const plan = { fields, coding, noise, set: dataset.validation, samples: objective.samples };
  const batch = evaluationInputs({ ...plan, batchSize: config.batchSize }).next().value!;
  const culprit = await findNonFinite(runner.model, objective, batch);
  throw new Divergence(
    `The validation loss is not finite after step ${state.step}, the end of epoch ${epoch}: ` +
      `the first tensor with a bad value is ${culprit}`,
    {
      outcome: "Nothing of this epoch was saved",
      savedStep: facts.savedStep,
      learningRate: facts.settings.learningRateAt(facts.lastStep()),
    },
  );
}
