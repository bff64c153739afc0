import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { averageImage } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { DIGITS_SHAPE, generateDigits } from "../../src/data/digits.ts";
import { createRunner } from "../../src/evaluation/runner.ts";
import { settle } from "../../src/experiment.ts";
import { models } from "../../src/model/index.ts";
import { createObjective } from "../../src/objectives/index.ts";
import type { PixelCoding } from "../../src/pixels.ts";
import { RandomStream } from "../../src/random.ts";
import type { TrainEvent } from "../../src/training/events.ts";
import { createAdam } from "../../src/training/optimizer.ts";
import { eagerStep, type StepInputs } from "../../src/training/step.ts";
import { initialState, type TrainerOptions, type TrainingState, train } from "../../src/training/trainer.ts";

/** A few real digits, enough to see a loss fall. */
export function tinyDigits(train = 300, held = 50): Dataset {
  const images = (split: "train" | "test", count: number) => generateDigits({ seed: 0, split, count });
  const all = images("train", train + held);
  const part = (from: number, to: number) => ({
    pixels: all.pixels.subarray(784 * from, 784 * to),
    count: to - from,
  });
  return {
    name: "digits",
    imageShape: DIGITS_SHAPE,
    train: part(0, train),
    validation: part(train, train + held),
    test: images("test", held),
    hashes: {},
  };
}

/** Settings by path on top of a small network and a short run. */
export function tinyConfig(settings: Record<string, string> = {}): Config {
  const small = {
    "model.latentDim": "4",
    "model.network.hidden": "32",
    "training.batchSize": "64",
    "training.epochs": "3",
  };
  return settle(loadConfig(undefined, new Map(Object.entries({ ...small, ...settings }))));
}

/** Everything that training needs, without files or a console. The current backend runs it. */
export function tinyTraining(
  settings: Record<string, string> = {},
  overrides: Partial<TrainerOptions> & { dataset?: Dataset } = {},
) {
  const config = tinyConfig(settings);
  const dataset = overrides.dataset ?? tinyDigits();
  const coding = config.dataset.pixels as PixelCoding;
  const random = new RandomStream(config.training.seed);
  const data = { imageShape: dataset.imageShape, averageImage: averageImage(dataset.train, coding) };
  const vae = models.of(config.model).create(config, data, random);
  const runner = createRunner(vae, { record: false, note: () => {} });
  const objective = createObjective(config.objective);
  const optimizer = createAdam(vae.parameters, config.training);
  const step = eagerStep(vae, objective, optimizer);
  const events: TrainEvent[] = [];
  const saved: { name: "last" | "best"; state: TrainingState }[] = [];
  const options: TrainerOptions = {
    runner,
    step,
    dataset,
    coding,
    config: config.training,
    objective,
    random,
    state: initialState(objective),
    emit: (event) => void events.push(event),
    save: async (name, state) => void saved.push({ name, state: structuredClone(state) }),
    ...overrides,
  };
  const run = () => train(options);
  return { config, dataset, coding, vae, runner, objective, optimizer, events, saved, options, run };
}

/** The inputs of a step on one sample of each image, by hand; `noise` is that of the posterior. */
export function stepInputs({
  count,
  x,
  noise,
  step,
  beta = 1,
  learningRate = 1e-3,
}: {
  count: number;
  x: Float32Array;
  noise: Float32Array;
  step: number;
  beta?: number;
  learningRate?: number;
}): StepInputs {
  return { batch: { count, samples: 1, x, posterior: noise }, controls: [beta], learningRate, step };
}
