import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { configAt, phasesOf, withChange } from "../config/changes.ts";
import { configYaml } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { describeMeasure } from "../data/codings.ts";
import { imageShapeOf } from "../data/field.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import { createRunner } from "../evaluation/runner.ts";
import { PROTOCOL, summarise } from "../evaluation/summary.ts";
import { lossChartAside } from "../figures/charts/lossChart.ts";
import { lossCurves } from "../figures/charts/lossCurves.ts";
import { drawOrWarn, reconstructionsPng, samplesPng } from "../figures/figures.ts";
import { supportOf } from "../model/likelihoods/index.ts";
import { createObjective } from "../objectives/index.ts";
import { controlsAt, type Objective } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import { createStep } from "../training/createStep.ts";
import { Divergence } from "../training/divergence.ts";
import type { FinishReason, Listener, TrainEvent } from "../training/events.ts";
import { createOptimizer } from "../training/optimizer.ts";
import type { Phases } from "../training/phases.ts";
import { initialState, type TrainingState } from "../training/state.ts";
import { train } from "../training/trainer.ts";
import { restore, saveCheckpoint } from "./checkpoint.ts";
import { type Experiment, versions } from "./experiment.ts";
import { compareData, type DataIdentity, dataIdentityOf, differences, splitNames, told } from "./identity.ts";
import { MetricsLog, type MetricsRow } from "./metricsLog.ts";
import type { CheckpointName, OwnedRun, RunFolder } from "./runFolder.ts";
import { type HistoryEntry, type RunRecord, type RunStatus, splitHashes } from "./runRecord.ts";
import type { RunSummary } from "./summary.ts";

const PREVIEW_SAMPLES = 100;
const PREVIEW_RECONSTRUCTIONS = 50;

export interface TrainingOptions {
  /** Of a run that goes on: where it stood when that was planned, and what is known of it. */
  readonly resume?: Resumption;
  readonly command: string;
  readonly signal: AbortSignal;
  readonly reporter: Listener;
}

export interface Resumption {
  readonly step: number;
  /** Absent where there is none that can be read. */
  readonly record: RunRecord | undefined;
  /** What the run was trained on so far; absent where an earlier version trained it. */
  readonly data: DataIdentity | undefined;
  /** Whether data that are not these are accepted. */
  readonly acceptsData: boolean;
  /** Settings that are other than before, for the history. */
  readonly changes: readonly string[];
}

/**
 * Trains an experiment into its folder, from the start or from the folder's last checkpoint, and leaves there all that
 * other commands need. Returns the summary; an interruption is a `VaeError("interrupted")` with a checkpoint saved.
 */
export async function runTraining(
  experiment: Experiment,
  { folder, lock }: OwnedRun,
  options: TrainingOptions,
): Promise<RunSummary> {
  const { dataset, coding, vae } = experiment;
  const { resume } = options;
  const present = dataIdentityOf(dataset);
  const data = resume?.data ?? present;
  if (!resume?.acceptsData) compareData(folder.path, data, present, splitNames);
  const note = (text: string) => options.reporter({ type: "note", text });
  const warn = (text: string) => options.reporter({ type: "warning", text });
  let config = experiment.config;
  const { signal } = options;
  const runner = createRunner(vae, { record: config.training.step !== "eager", note, signal });
  const optimizer = createOptimizer(vae.parameters, config.training);
  const objective = createObjective(config.objective);

  const save = async (name: CheckpointName, state: TrainingState) => {
    lock.assertOwned();
    const parts = { parameters: vae.parameters, optimizer, state, origin: { config, data } };
    await saveCheckpoint(folder.checkpoint(name), parts);
  };
  const load = (name: CheckpointName): TrainingState => {
    const checkpoint = folder.readCheckpoint(name);
    restore(checkpoint, vae.parameters, optimizer);
    return checkpoint.state;
  };

  const state = resume ? load("last") : initialState(objective);
  if (!resume) await save("last", state); // the first of all files, as it is what the others follow from
  const record = openRecord(experiment, { folder, data, present, epochs: state.epoch }, options);
  await record.write("running");
  const writeConfig = () => writeFileAtomic(folder.config, configYaml(config));
  await writeConfig();
  let log = await MetricsLog.open(folder, objective, state.step);
  const pictures = figures(experiment, objective, folder, () => log.epochs, warn);

  const emit = async (event: TrainEvent) => {
    await log.record(event);
    if (event.type === "epoch") {
      await record.addEpoch(event.imagesPerSecond);
      const { previewEvery } = config.training;
      if (previewEvery > 0 && event.epoch % previewEvery === 0) await pictures.preview();
    }
    await options.reporter(event);
  };
  const attempt = async () => {
    const step = createStep(config.training.step, { model: vae, objective, optimizer }, note);
    const phases = trainingPhases(config);
    try {
      return await train({ ...experiment, runner, step, phases, state, emit, save, signal });
    } finally {
      step.dispose();
    }
  };
  const rollbacks = { step: -1, count: 0 };
  /** Back to the last checkpoint, with half the learning rate from there on. */
  const rollBack = async (error: Divergence) => {
    Object.assign(state, load("last"));
    const { step } = state;
    Object.assign(rollbacks, { step, count: rollbacks.step === step ? rollbacks.count + 1 : 1 });
    if (rollbacks.count > MOST_ROLLBACKS) throw error;
    const changed = withHalfTheRate(config, step);
    const { learningRate } = configAt(changed, step).training;
    await warn(
      `${error.found}. Rolled back to step ${step}, with learning rate ${learningRate} from there on.`,
    );
    const changes = differences(configAt(config, step), configAt(changed, step)).map(told);
    config = changed;
    await writeConfig();
    await record.rolledBack({ step, changes }, state.epoch);
    await log.close();
    log = await MetricsLog.open(folder, objective, step);
  };

  try {
    let reason: FinishReason | undefined;
    while (reason === undefined) {
      reason = await attempt().catch(async (error) => {
        if (!(error instanceof Divergence) || config.training.onDivergence !== "rollback") throw error;
        await rollBack(error);
        return undefined;
      });
    }
    if (reason === "interrupted") {
      throw new VaeError("interrupted", `Interrupted after ${state.step} steps, with a checkpoint.`);
    }
    const best = load("best");
    const drawPictures = pictures.begin();
    const summary: RunSummary = {
      run: folder.path,
      reason,
      epochs: state.epoch,
      checkpoint: { name: "best", epoch: best.epoch },
      likelihood: config.likelihood.kind,
      kindOf: vae.likelihood.kindOf,
      baseMeasure: describeMeasure(supportOf(config.likelihood)),
      pixels: coding,
      ...controlsAt(trainingPhases(config).at(-1)!.objective, "final", 1),
      ...(await readSigma(vae)),
      protocol: PROTOCOL,
      splits: {
        validation: await summarise(runner, "validation", dataset.validation, coding, { levels: false }),
        test: await summarise(runner, "test", dataset.test, coding, { levels: true }),
      },
    };
    await writeFileAtomic(folder.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await drawPictures();
    await record.write("finished"); // last of all: until then, resuming writes what is missing
    return summary;
  } catch (error) {
    await record.write(statusAfter(error)).catch(() => {}); // what stopped the run may stop this too, and is what counts
    throw withWayOn(error, folder);
  } finally {
    await log.close().catch(() => {});
    runner.dispose();
    optimizer.dispose();
  }
}

const trainingPhases = (config: Config): Phases => {
  const [first, ...others] = phasesOf(config).map(({ from, config }) => ({
    from,
    config: config.training,
    objective: createObjective(config.objective),
  }));
  return [first!, ...others];
};

/** To one checkpoint. Rolling back is to save a run, not to hide that it cannot be trained. */
const MOST_ROLLBACKS = 8;

function withHalfTheRate(config: Config, step: number): Config {
  const { learningRate, finalLearningRate } = configAt(config, step).training;
  const half = { learningRate: learningRate / 2, finalLearningRate: finalLearningRate / 2 };
  return withChange(
    config,
    step,
    new Map(Object.entries(half).map(([key, value]) => [`training.${key}`, value])),
  );
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

/**
 * Draws loss curves, samples and reconstructions as they stand. The previews always show the same z and the same images.
 * A picture is no reason to lose a run: what cannot be drawn or written is a warning.
 */
function figures(
  { vae, dataset, coding, config }: Experiment,
  objective: Objective,
  folder: RunFolder,
  epochs: () => readonly MetricsRow[],
  warn: (text: string) => unknown,
) {
  const random = new RandomStream("preview");
  const { kind } = config.likelihood;
  const isLoss = vae.likelihood.kindOf === "loss";
  const title = `${dataset.name}, ${kind} ${isLoss ? "loss" : "likelihood"}, latent dimension ${config.model.latentDim}`;
  const meta = { title, ...lossCurves(objective, isLoss) };
  const told = new Set<string>();
  const put = (name: string, draw: () => Promise<Buffer>) =>
    drawOrWarn(folder.figure(name), draw, (text) => {
      if (told.has(name)) return undefined; // once is enough
      told.add(name);
      return warn(text);
    });
  let chart: { readonly rows: number; readonly png: Promise<Buffer> } | undefined;
  /** Drawn on another thread, and once for the same rows. */
  const curves = () => {
    const rows = epochs().length;
    if (chart?.rows !== rows) chart = { rows, png: lossChartAside(epochs(), meta) };
    chart.png.catch(() => {}); // told where it is waited for
    return chart.png;
  };
  const drawOthers = async () => {
    await put("samples", () => samplesPng(vae, PREVIEW_SAMPLES, random));
    await put("reconstructions", () =>
      reconstructionsPng(vae, dataset.validation, coding, PREVIEW_RECONSTRUCTIONS),
    );
  };
  let underWay: Promise<boolean> | undefined;
  return {
    /** All of them, the curves aside, while training goes on. */
    async preview() {
      await underWay;
      underWay = put("loss", curves);
      await drawOthers();
    },
    /** Has the curves drawn while other work is done, and returns what then writes all. */
    begin(): () => Promise<void> {
      curves();
      return async () => {
        await underWay;
        await drawOthers();
        await put("loss", curves);
      };
    },
  };
}

/** `run.json`, rewritten as the run goes; a resumed run adds to what is there, and keeps the record of its data. */
function openRecord(
  { backend, dataset, vae }: Experiment,
  {
    folder,
    data,
    present,
    epochs,
  }: { folder: RunFolder; data: DataIdentity; present: DataIdentity; epochs: number },
  { resume, command }: TrainingOptions,
) {
  const before = resume?.record;
  const started = performance.now();
  const imagesPerSecond = [...(before?.timings.imagesPerSecond ?? [])].slice(0, epochs); // of those that are saved
  const startedAt = before?.timings.startedAt ?? new Date().toISOString();
  const history = [...(before?.history ?? [])];
  const addHistory = (entry: Omit<HistoryEntry, "time">) =>
    void history.push({ time: new Date().toISOString(), ...entry });
  if (resume) {
    const changes = resume.changes.length > 0 && { changes: [...resume.changes] };
    const isOther = !isDeepStrictEqual(splitHashes(data), splitHashes(present));
    addHistory({
      event: "resumed",
      step: resume.step,
      command,
      ...changes,
      ...(isOther && { data: splitHashes(present) }),
    });
  }
  const { name, fields, splits } = data;
  const write = (status: RunStatus) =>
    folder.writeRecord({
      status,
      command: before?.command ?? command,
      versions: versions(backend),
      backend: { name: backend.name, device: backend.device, threads: backend.threads },
      dataset: before?.dataset ?? {
        name,
        imageShape: imageShapeOf(vae.target),
        fields,
        counts: { train: splits.train.count, validation: splits.validation.count, test: splits.test.count },
        hashes: dataset.hashes,
        splitHashes: splitHashes(data),
      },
      parameterCount: vae.parameters.count,
      timings: {
        startedAt,
        seconds: (before?.timings.seconds ?? 0) + (performance.now() - started) / 1000,
        imagesPerSecond,
      },
      history,
    });
  return {
    write,
    rolledBack(entry: Omit<HistoryEntry, "time" | "event">, epochs: number) {
      addHistory({ event: "rolled back", ...entry });
      imagesPerSecond.length = Math.min(imagesPerSecond.length, epochs);
      return write("running");
    },
    addEpoch(speed: number) {
      imagesPerSecond.push(Math.round(speed));
      return write("running");
    },
  };
}
