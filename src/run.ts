import { performance } from "node:perf_hooks";
import { writeFileAtomic } from "./artifacts/atomicFile.ts";
import { lossChartAside } from "./artifacts/charts/lossChart.ts";
import { lossCurves } from "./artifacts/charts/lossCurves.ts";
import { loadCheckpoint, saveCheckpoint } from "./artifacts/checkpoint.ts";
import { reconstructionsPng, samplesPng } from "./artifacts/figures.ts";
import { MetricsLog } from "./artifacts/metricsLog.ts";
import type { RunFolder, RunRecord, RunStatus } from "./artifacts/runFolder.ts";
import { configYaml } from "./config/load.ts";
import { describeMeasure } from "./data/codings.ts";
import { imageShapeOf } from "./data/field.ts";
import { VaeError } from "./errors.ts";
import { readSigma } from "./evaluation/readSigma.ts";
import { createRunner } from "./evaluation/runner.ts";
import { PROTOCOL, type SplitSummary, summarise } from "./evaluation/summary.ts";
import { type Experiment, versions } from "./experiment.ts";
import { likelihoods } from "./likelihoods/index.ts";
import { createObjective } from "./objectives/index.ts";
import { controlsAt, type Objective } from "./objectives/objective.ts";
import { RandomStream } from "./random.ts";
import { createStep } from "./training/createStep.ts";
import type { Listener, TrainEvent } from "./training/events.ts";
import { createAdam } from "./training/optimizer.ts";
import { initialState, train } from "./training/trainer.ts";

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
  const runner = createRunner(vae, { record: config.training.step !== "eager", note });
  const optimizer = createAdam(vae.parameters, config.training);
  const objective = createObjective(config.objective);
  const state = options.resume
    ? loadCheckpoint(folder.checkpoint("last"), vae.parameters, optimizer)
    : initialState(objective);
  const record = openRecord(experiment, folder, options);
  const log = await MetricsLog.open(folder, objective, state.step);
  const pictures = figures(experiment, objective, folder, log);
  await writeFileAtomic(folder.config, configYaml(config));
  await record.write("running");

  const emit = async (event: TrainEvent) => {
    await log.record(event);
    if (event.type === "epoch") {
      await record.addEpoch(event.imagesPerSecond);
      const { previewEvery } = config.training;
      if (previewEvery > 0 && event.epoch % previewEvery === 0) await pictures.draw();
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
      emit,
      save: (name, state) => saveCheckpoint(folder.checkpoint(name), vae.parameters, optimizer, state),
      signal: options.signal,
    });
    if (reason === "interrupted") {
      throw new VaeError(
        "interrupted",
        `Interrupted after ${state.step} steps, with a checkpoint. Go on with: vae train --resume --out ${folder.path}`,
      );
    }
    const best = loadCheckpoint(folder.checkpoint("best"), vae.parameters);
    await pictures.draw();
    const summary: RunSummary = {
      run: folder.path,
      reason,
      epochs: state.epoch,
      checkpoint: { name: "best", epoch: best.epoch },
      likelihood: config.likelihood.kind,
      kindOf: vae.likelihood.kindOf,
      baseMeasure: describeMeasure(likelihoods.of(config.likelihood).support(config.likelihood)),
      pixels: coding,
      ...controlsAt(objective, "final", 1),
      ...(await readSigma(vae)),
      protocol: PROTOCOL,
      splits: {
        validation: await summarise(runner, "validation", dataset.validation, coding, { levels: false }),
        test: await summarise(runner, "test", dataset.test, coding, { levels: true }),
      },
    };
    await pictures.finish();
    await writeFileAtomic(folder.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await record.write("finished");
    return summary;
  } catch (error) {
    await record.write(statusAfter(error));
    throw error;
  } finally {
    step.dispose();
    runner.dispose();
    optimizer.dispose();
  }
}

function statusAfter(error: unknown): RunStatus {
  if (!(error instanceof VaeError)) return "failed";
  if (error.code === "interrupted") return "interrupted";
  return error.code === "diverged" ? "diverged" : "failed";
}

/**
 * Draws loss curves, samples and reconstructions as they stand. The previews always show the same z and the same images.
 * The curves are drawn aside, while training goes on: `finish` waits for them.
 */
function figures(
  { vae, dataset, coding, config }: Experiment,
  objective: Objective,
  folder: RunFolder,
  log: MetricsLog,
) {
  const random = new RandomStream("preview");
  const { kind } = config.likelihood;
  const isLoss = vae.likelihood.kindOf === "loss";
  const title = `${dataset.name}, ${kind} ${isLoss ? "loss" : "likelihood"}, latent dimension ${config.model.latentDim}`;
  const curvesOf = lossCurves(objective, isLoss);
  let curves: Promise<void> | undefined;
  let drawnRows = 0;
  const drawCurves = async () => {
    const png = await lossChartAside(log.epochs, { title, ...curvesOf });
    await writeFileAtomic(folder.figure("loss"), png);
  };
  return {
    async draw() {
      await curves;
      if (log.epochs.length > drawnRows) {
        drawnRows = log.epochs.length;
        curves = drawCurves();
        curves.catch(() => {}); // told where it is waited for
      }
      await writeFileAtomic(folder.figure("samples"), await samplesPng(vae, PREVIEW_SAMPLES, random));
      await writeFileAtomic(
        folder.figure("reconstructions"),
        await reconstructionsPng(vae, dataset.validation, coding, PREVIEW_RECONSTRUCTIONS),
      );
    },
    finish: async () => curves,
  };
}

/** `run.json`, rewritten as the run goes; a resumed run adds to the times that are there. */
function openRecord(
  { backend, dataset, vae }: Experiment,
  folder: RunFolder,
  { resume, command }: { resume: boolean; command: string },
) {
  const before = resume ? folder.record.timings : undefined;
  const started = performance.now();
  const imagesPerSecond = [...(before?.imagesPerSecond ?? [])];
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
