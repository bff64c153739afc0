import { writeFileAtomic } from "../base/atomicFile.ts";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { configAt, phasesOf, withChange } from "../config/changes.ts";
import { configYaml } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { describeMeasure } from "../data/codings.ts";
import { estimateLatents } from "../evaluation/latents.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import { isOfWeights } from "../evaluation/rowPredictions.ts";
import { createRunner, isOfLatents } from "../evaluation/runner.ts";
import { protocolOf, summarise } from "../evaluation/summary.ts";
import { scorePredictions, type TablePrediction, withoutRows } from "../evaluation/tableScores.ts";
import { supportOf } from "../model/likelihoods/index.ts";
import type { Model } from "../model/model.ts";
import { objectiveFor } from "../objectives/forModel.ts";
import { controlsAt } from "../objectives/objective.ts";
import { createStep } from "../training/createStep.ts";
import { Divergence } from "../training/divergence.ts";
import type { FinishReason, Listener, TrainEvent } from "../training/events.ts";
import { createOptimizer } from "../training/optimizer.ts";
import type { Phases } from "../training/phases.ts";
import { initialState, type TrainingState } from "../training/state.ts";
import { train } from "../training/trainer.ts";
import { restore, saveCheckpoint } from "./checkpoint.ts";
import type { Experiment } from "./experiment.ts";
import { compareData, dataIdentityOf, differences, splitNames, told } from "./identity.ts";
import { MetricsLog } from "./metricsLog.ts";
import { trainingPictures } from "./pictures.ts";
import { openRecord, type Resumption } from "./recordWriter.ts";
import type { CheckpointName, OwnedRun, RunFolder } from "./runFolder.ts";
import type { RunStatus } from "./runRecord.ts";
import type { RunSummary } from "./summary.ts";
import { openTrackers } from "./trackers/index.ts";

export interface TrainingOptions {
  /** Absent for a new run. */
  readonly resume?: Resumption;
  readonly command: string;
  readonly signal: AbortSignal;
  readonly reporter: Listener;
}

/**
 * Trains an experiment into its folder, from the start or from the folder's last checkpoint, and leaves there all that
 * other commands need. Returns the summary; an interruption is a `VaeError("interrupted")` with a checkpoint saved.
 */
export async function runTraining(
  experiment: Experiment,
  owned: OwnedRun,
  options: TrainingOptions,
): Promise<RunSummary> {
  const run = await open(experiment, owned, options);
  const { folder, record, pictures, state } = run;
  try {
    const reason = await trainThrough(run);
    if (reason === "interrupted") {
      throw new VaeError(
        "interrupted",
        `Interrupted after ${counted(state.step, "step")}, with a checkpoint.`,
      );
    }
    const { epoch } = run.load("best");
    const draw = pictures.begin();
    const scored = await scoresOf(run);
    const summary = await summaryOf(run, { reason, epoch, scored });
    await writeFileAtomic(folder.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await draw(scored?.validation);
    await run.trackers.finish(summary);
    await record.write("finished"); // last of all: until then, resuming writes what is missing
    return summary;
  } catch (error) {
    await record.write(statusAfter(error)).catch(() => {}); // what stopped the run may stop this too, and is what counts
    throw withWayOn(error, folder);
  } finally {
    await run.close();
  }
}

type Run = Awaited<ReturnType<typeof open>>;

/** What a run is while it is trained: its model, where it stands, and its files, each with what it follows from. */
async function open(experiment: Experiment, { folder, lock }: OwnedRun, options: TrainingOptions) {
  const { dataset, model } = experiment;
  const { resume, signal, reporter, command } = options;
  const present = dataIdentityOf(dataset);
  const data = resume?.data ?? present;
  if (!resume?.acceptsData) compareData(folder.path, data, dataset, splitNames);
  let config = experiment.config;
  const note = (text: string) => reporter({ type: "note", text });
  const warn = (text: string) => reporter({ type: "warning", text });
  const runner = createRunner(model, { record: config.training.step !== "eager", note, signal });
  const optimizer = createOptimizer(model.parameters, config.training);
  const objective = objectiveFor(config.objective, model);

  const save = async (name: CheckpointName, state: TrainingState) => {
    lock.assertOwned();
    const parts = { parameters: model.parameters, optimizer, state, origin: { config, data } };
    await saveCheckpoint(folder.checkpoint(name), parts);
  };
  const load = (name: CheckpointName): TrainingState => {
    const checkpoint = folder.readCheckpoint(name);
    restore(checkpoint, model.parameters, optimizer);
    return checkpoint.state;
  };
  const writeConfig = () => writeFileAtomic(folder.config, configYaml(config));

  const state = resume ? load("last") : initialState(objective);
  if (!resume) await save("last", state); // the first of all files, as it is what the others follow from
  const record = openRecord(experiment, { folder, data, present, epochs: state.epoch, resume, command });
  await record.write("running");
  await writeConfig();
  let log = await MetricsLog.open(folder, objective, state.step);
  let trackers = await openTrackers({ folder, config, step: state.step }, warn);
  const pictures = trainingPictures(experiment, { objective, runner }, folder, () => log.epochs, warn);

  return {
    experiment,
    options,
    folder,
    runner,
    optimizer,
    objective,
    state,
    record,
    pictures,
    save,
    load,
    note,
    warn,
    get config() {
      return config;
    },
    get trackers() {
      return trackers;
    },
    async emit(event: TrainEvent) {
      await log.record(event);
      if (event.type === "epoch") {
        await record.addEpoch(event.imagesPerSecond);
        const { previewEvery } = config.training;
        if (previewEvery > 0 && event.epoch % previewEvery === 0) await pictures.preview();
      }
      await trackers.record(event);
      await reporter(event);
    },
    /** From the step on where the run stands, these settings hold; what was told of later ones is taken back. */
    async goOnWith(changed: Config) {
      const { step, epoch } = state;
      const changes = differences(configAt(config, step), configAt(changed, step)).map(told);
      config = changed;
      await writeConfig();
      await record.rolledBack({ step, changes }, epoch);
      await log.close();
      log = await MetricsLog.open(folder, objective, step);
      await trackers.close();
      trackers = await openTrackers({ folder, config, step }, warn);
    },
    async close() {
      await log.close().catch(() => {});
      await trackers.close();
      runner.dispose();
      optimizer.dispose();
    },
  };
}

/** To one checkpoint. Rolling back is to save a run, not to hide that it cannot be trained. */
const MOST_ROLLBACKS = 8;

/** Trains; after a divergence, where the configuration says so, from the last checkpoint with half the learning rate. */
async function trainThrough(run: Run): Promise<FinishReason> {
  const { state, load, warn } = run;
  const rollbacks = { step: -1, count: 0 };
  for (;;) {
    try {
      return await trainOnce(run);
    } catch (error) {
      if (!(error instanceof Divergence) || run.config.training.onDivergence !== "rollback") throw error;
      Object.assign(state, load("last"));
      const { step } = state;
      Object.assign(rollbacks, { step, count: rollbacks.step === step ? rollbacks.count + 1 : 1 });
      if (rollbacks.count > MOST_ROLLBACKS) throw error;
      const changed = withHalfTheRate(run.config, step);
      const { learningRate } = configAt(changed, step).training;
      await warn(
        `${error.found}. Rolled back to step ${step}, with learning rate ${learningRate} from there on.`,
      );
      await run.goOnWith(changed);
    }
  }
}

async function trainOnce(run: Run): Promise<FinishReason> {
  const { experiment, runner, objective, optimizer, state, emit, save, note, config } = run;
  const { signal } = run.options;
  const step = createStep(config.training.step, { model: experiment.model, objective, optimizer }, note);
  try {
    return await train({
      ...experiment,
      runner,
      step,
      phases: phases(config, experiment.model),
      state,
      emit,
      save,
      signal,
    });
  } finally {
    step.dispose();
  }
}

const phases = (config: Config, model: Model): Phases => {
  const [first, ...others] = phasesOf(config).map(({ from, config }) => ({
    from,
    config: config.training,
    objective: objectiveFor(config.objective, model),
  }));
  return [first!, ...others];
};

function withHalfTheRate(config: Config, step: number): Config {
  const { learningRate, finalLearningRate } = configAt(config, step).training;
  return withChange(
    config,
    step,
    new Map([
      ["training.learningRate", learningRate / 2],
      ["training.finalLearningRate", finalLearningRate / 2],
    ]),
  );
}

type Scores = Readonly<Record<"validation" | "test", TablePrediction>>;

/** How well the targets of a table are predicted, with the weights that are loaded; undefined of other data. */
async function scoresOf({ experiment: { dataset }, runner }: Run): Promise<Scores | undefined> {
  if (!isOfWeights(runner)) return undefined;
  return {
    validation: await scorePredictions(runner, dataset.validation),
    test: await scorePredictions(runner, dataset.test),
  };
}

/** With the weights of the best epoch, which are loaded. */
async function summaryOf(
  { experiment, folder, runner, state, config }: Run,
  { reason, epoch, scored }: Pick<RunSummary, "reason"> & { epoch: number; scored: Scores | undefined },
): Promise<RunSummary> {
  const { dataset, coding, model } = experiment;
  const validation = await summarise(runner, "validation", dataset.validation, coding, { levels: false });
  const test = await summarise(runner, "test", dataset.test, coding, { levels: true });
  return {
    run: folder.path,
    reason,
    epochs: state.epoch,
    checkpoint: { name: "best", epoch },
    likelihood: config.likelihood.kind,
    kindOf: model.likelihood.kindOf,
    baseMeasure: describeMeasure(supportOf(config.likelihood), model.target),
    pixels: coding,
    ...controlsAt(phases(config, model).at(-1)!.objective, "final", 1),
    ...(await readSigma(model)),
    protocol: protocolOf(test, model.inferred),
    ...(isOfLatents(runner) && { latents: await estimateLatents(runner, dataset.test, coding) }),
    ...(scored && {
      predictions: { validation: withoutRows(scored.validation), test: withoutRows(scored.test) },
    }),
    splits: { validation, test },
  };
}

function withWayOn(error: unknown, { path }: RunFolder): unknown {
  if (!(error instanceof VaeError) || error.code !== "interrupted") return error;
  return new VaeError("interrupted", `${error.message} Go on with: vae train --resume --out ${path}`);
}

function statusAfter(error: unknown): RunStatus {
  if (!(error instanceof VaeError)) return "failed";
  if (error.code === "interrupted") return "interrupted";
  return error.code === "diverged" ? "diverged" : "failed";
}
