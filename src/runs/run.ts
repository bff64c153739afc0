import { performance } from "node:perf_hooks";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { configYaml } from "../config/load.ts";
import { describeMeasure } from "../data/codings.ts";
import { imageShapeOf } from "../data/field.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import { createRunner } from "../evaluation/runner.ts";
import { PROTOCOL, type SplitSummary, summarise } from "../evaluation/summary.ts";
import { lossChartAside } from "../figures/charts/lossChart.ts";
import { lossCurves } from "../figures/charts/lossCurves.ts";
import { drawOrWarn, reconstructionsPng, samplesPng } from "../figures/figures.ts";
import { supportOf } from "../model/likelihoods/index.ts";
import { createObjective } from "../objectives/index.ts";
import { controlsAt, type Objective } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import { createStep } from "../training/createStep.ts";
import type { Listener, TrainEvent } from "../training/events.ts";
import { createOptimizer } from "../training/optimizer.ts";
import { initialState, train } from "../training/trainer.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type Experiment, versions } from "./experiment.ts";
import { MetricsLog } from "./metricsLog.ts";
import type { RunFolder, RunRecord, RunStatus } from "./runFolder.ts";

const PREVIEW_SAMPLES = 100;
const PREVIEW_RECONSTRUCTIONS = 50;

/** `summary.json`: the final numbers, and how they were obtained. */
export interface RunSummary {
  readonly run: string;
  readonly reason: "completed" | "early-stopping";
  readonly epochs: number;
  readonly checkpoint: { readonly name: "best"; readonly epoch: number };
  readonly likelihood: string;
  /** Of a loss there are no ELBO and no bits. */
  readonly kindOf: "density" | "loss";
  readonly baseMeasure: string;
  readonly pixels: string;
  /** β, where the objective has one. */
  readonly beta?: number;
  readonly sigma?: number;
  readonly protocol: string;
  readonly splits: { readonly validation: SplitSummary; readonly test: SplitSummary };
}

/**
 * Trains an experiment into its folder, from the start or from the folder's last checkpoint, and leaves there all that
 * other commands need. Returns the summary; an interruption is a `VaeError("interrupted")` with a checkpoint saved.
 */
export async function runTraining(
  experiment: Experiment,
  folder: RunFolder,
  options: { resume: boolean; command: string; signal: AbortSignal; reporter: Listener },
): Promise<RunSummary> {
  const { config, dataset, coding } = experiment;
  const note = (text: string) => options.reporter({ type: "note", text });
  const { vae } = experiment;
  const runner = createRunner(vae, {
    record: config.training.step !== "eager",
    note,
    signal: options.signal,
  });
  const optimizer = createOptimizer(vae.parameters, config.training);
  const objective = createObjective(config.objective);
  const state = options.resume
    ? loadCheckpoint(folder.checkpoint("last"), vae.parameters, optimizer)
    : initialState(objective);
  const record = openRecord(experiment, folder, state.epoch, options);
  await record.write("running"); // first of all files, as it is what makes a folder a run
  await writeFileAtomic(folder.config, configYaml(config));
  const log = await MetricsLog.open(folder, objective, state.step);
  const warn = (text: string) => options.reporter({ type: "warning", text });
  const pictures = figures(experiment, objective, folder, log, warn);

  const emit = async (event: TrainEvent) => {
    await log.record(event);
    if (event.type === "epoch") {
      await record.addEpoch(event.imagesPerSecond);
      const { previewEvery } = config.training;
      if (previewEvery > 0 && event.epoch % previewEvery === 0) await pictures.preview();
    }
    await options.reporter(event);
  };
  const step = createStep(config.training.step, { model: vae, objective, optimizer }, note);
  try {
    const reason = await train({
      ...experiment,
      runner,
      step,
      config: config.training,
      objective,
      state,
      resumed: options.resume,
      emit,
      save: (name, state) => saveCheckpoint(folder.checkpoint(name), vae.parameters, optimizer, state),
      signal: options.signal,
    });
    if (reason === "interrupted") {
      throw new VaeError("interrupted", `Interrupted after ${state.step} steps, with a checkpoint.`);
    }
    const best = loadCheckpoint(folder.checkpoint("best"), vae.parameters);
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
      ...controlsAt(objective, "final", 1),
      ...(await readSigma(vae)),
      protocol: PROTOCOL,
      splits: {
        validation: await summarise(runner, "validation", dataset.validation, coding, { levels: false }),
        test: await summarise(runner, "test", dataset.test, coding, { levels: true }),
      },
    };
    await writeFileAtomic(folder.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await record.write("finished");
    await drawPictures();
    return summary;
  } catch (error) {
    await record.write(statusAfter(error));
    throw withWayOn(error, folder);
  } finally {
    step.dispose();
    runner.dispose();
    optimizer.dispose();
  }
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
  log: MetricsLog,
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
    const rows = log.epochs.length;
    if (chart?.rows !== rows) chart = { rows, png: lossChartAside(log.epochs, meta) };
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

/** `run.json`, rewritten as the run goes; a resumed run adds to the times that are there. */
function openRecord(
  { backend, dataset, vae }: Experiment,
  folder: RunFolder,
  epochs: number,
  { resume, command }: { resume: boolean; command: string },
) {
  const before = resume ? folder.record.timings : undefined;
  const started = performance.now();
  const imagesPerSecond = [...(before?.imagesPerSecond ?? [])].slice(0, epochs); // of those that are saved
  const startedAt = before?.startedAt ?? new Date().toISOString();
  const write = (status: RunStatus) =>
    folder.writeRecord({
      status,
      command,
      versions: versions(backend),
      backend: { name: backend.name, device: backend.device, threads: backend.threads },
      dataset: {
        name: dataset.name,
        imageShape: imageShapeOf(vae.target),
        fields: dataset.fields,
        counts: {
          train: dataset.train.count,
          validation: dataset.validation.count,
          test: dataset.test.count,
        },
        hashes: dataset.hashes,
      },
      parameterCount: vae.parameters.count,
      timings: {
        startedAt,
        seconds: (before?.seconds ?? 0) + (performance.now() - started) / 1000,
        imagesPerSecond,
      },
    } satisfies RunRecord);
  return {
    write,
    addEpoch(speed: number) {
      imagesPerSecond.push(Math.round(speed));
      return write("running");
    },
  };
}
