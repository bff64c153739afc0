import { setImmediate as nextTurn } from "node:timers/promises";
import { type Batch, trainingBatches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { VaeError } from "../errors.ts";
import { estimateElbo } from "../evaluation/bounds.ts";
import { findNonFinite } from "../evaluation/nonFinite.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import type { Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import type { RandomStream } from "../random.ts";
import * as tf from "../tf.ts";
import type { FinishReason, Listener } from "./events.ts";
import { addTerms, emptyTotals, meanTerms, metricsOf, type Terms, type Totals } from "./metrics.ts";
import { betaSchedule, learningRateSchedule } from "./schedules.ts";
import type { TrainingConfig } from "./schema.ts";
import type { TrainStep } from "./step.ts";

/** Where a run stands, besides weights and moments. Plain data: a checkpoint holds it as JSON. */
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
  /** The epoch with the lowest validation loss, at the final β. */
  best: { epoch: number; loss: number } | null;
}

export const initialState = (): TrainingState => ({
  epoch: 0,
  batch: 0,
  step: 0,
  epochTotals: emptyTotals(),
  windowTotals: emptyTotals(),
  best: null,
});

export interface TrainerOptions {
  readonly vae: Vae;
  readonly step: TrainStep;
  readonly dataset: Dataset;
  readonly coding: PixelCoding;
  readonly config: TrainingConfig;
  readonly objective: { readonly beta: number; readonly warmup: number };
  readonly random: RandomStream;
  /** Where to go on from; changed as the run goes. */
  readonly state: TrainingState;
  readonly emit: Listener;
  readonly save: (name: "last" | "best", state: TrainingState) => Promise<void>;
  /** Aborting it stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Trains until the epochs are done, validation stops improving, or the signal says so. */
export async function train(options: TrainerOptions): Promise<FinishReason> {
  const { vae, step, dataset, coding, config, objective, random, state, emit, save, signal } = options;
  const [H, W, C] = vae.imageShape;
  const model = { kindOf: vae.likelihood.kindOf, valuesPerImage: H * W * C };
  const images = dataset.train.count;
  const stepsPerEpoch = Math.ceil(images / config.batchSize);
  const betaAt = betaSchedule(objective, stepsPerEpoch);
  const learningRateAt = learningRateSchedule(config, stepsPerEpoch * config.epochs);
  const now = async () => {
    if (vae.likelihood.sigma) step.sync();
    return {
      epoch: state.epoch + 1,
      step: state.step,
      beta: betaAt(Math.max(0, state.step - 1)), // that of the last step
      learningRate: learningRateAt(Math.max(0, state.step - 1)),
      ...(await readSigma(vae)),
    };
  };
  const finish = async (reason: FinishReason) => {
    step.sync();
    await save("last", state);
    await emit({ type: "finished", reason, epoch: state.epoch, step: state.step });
    return reason;
  };

  await emit({
    type: "started",
    epoch: state.epoch,
    epochs: config.epochs,
    imagesPerEpoch: images,
    imagesDone: state.epochTotals.count,
  });
  while (state.epoch < config.epochs) {
    const epoch = state.epoch + 1;
    const started = performance.now();
    let imagesNow = 0;
    for (const batch of trainingBatches(dataset.train, {
      coding,
      batchSize: config.batchSize,
      epoch,
      from: state.batch,
      random,
    })) {
      const inputs = stepInputs(vae, batch, random.fork("posterior").fork(state.step));
      const schedules = { beta: betaAt(state.step), learningRate: learningRateAt(state.step) };
      const terms = await step.run({ ...inputs, ...schedules, step: state.step + 1 });
      if (!isFiniteLoss(terms)) {
        step.sync();
        await diverged(vae, inputs, await now());
      }
      tf.dispose([inputs.x, inputs.noise]);

      imagesNow += batch.count;
      advance(state, terms, batch);
      const { loss } = metricsOf(terms, schedules.beta, model);
      await emit({ type: "progress", epoch, step: state.step, images: state.epochTotals.count, loss });
      if (state.step % config.logEvery === 0) {
        const metrics = metricsOf(meanTerms(state.windowTotals), schedules.beta, model);
        state.windowTotals = emptyTotals();
        await emit({ type: "step", ...(await now()), metrics });
      }
      await nextTurn(); // lets Ctrl-C be heard
      if (signal?.aborted) return finish("interrupted");
    }
    const seconds = (performance.now() - started) / 1000;

    step.sync();
    const { scaleAtFloor, ...terms } = await estimateElbo(vae, dataset.validation, coding);
    const event = await now();
    const train = metricsOf(meanTerms(state.epochTotals), event.beta, model);
    const validation = metricsOf(terms, event.beta, model);
    const { loss } = metricsOf(terms, objective.beta, model);
    const improved = state.best === null || loss < state.best.loss;
    if (improved) state.best = { epoch, loss };
    Object.assign(state, { epoch, batch: 0, epochTotals: emptyTotals() });
    if (improved) await save("best", state);
    await save("last", state);
    const imagesPerSecond = imagesNow / seconds;
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
    if (config.earlyStopping > 0 && epoch - state.best!.epoch >= config.earlyStopping) {
      return finish("early-stopping");
    }
  }
  return finish("completed");
}

/** What a step is run on; a function of the batch and its place in the run. */
export function stepInputs(vae: Vae, batch: Batch, random: RandomStream) {
  return {
    x: tf.tensor2d(batch.x, [batch.count, batch.x.length / batch.count]),
    noise: tf.tensor2d(random.normals(batch.count * vae.latentDim), [batch.count, vae.latentDim]),
  };
}

const isFiniteLoss = ({ distortion, rate }: Terms) => Number.isFinite(distortion + rate);

function advance(state: TrainingState, terms: Terms, batch: Batch): void {
  state.step++;
  state.batch++;
  addTerms(state.epochTotals, terms, batch.count);
  addTerms(state.windowTotals, terms, batch.count);
}

async function diverged(
  vae: Vae,
  inputs: { x: tf.Tensor2D; noise: tf.Tensor2D },
  at: { epoch: number; step: number; learningRate: number },
): Promise<never> {
  const culprit = await findNonFinite(vae, inputs.x, inputs.noise);
  throw new VaeError(
    "diverged",
    `The loss is not finite at step ${at.step + 1} (epoch ${at.epoch}): the first tensor with a bad value is ${culprit}. ` +
      `The update was not made; the last checkpoint is from before. Try a lower --lr (now ${at.learningRate}), ` +
      `--training.clipNorm 100, or --training.warmupSteps 500.`,
  );
}
