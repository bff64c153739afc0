import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { averageImage } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { DIGITS_SHAPE, generateDigits } from "../../src/data/digits.ts";
import { settle } from "../../src/experiment.ts";
import { createVae } from "../../src/model.ts";
import { createObjective } from "../../src/objectives/index.ts";
import type { PixelCoding } from "../../src/pixels.ts";
import { RandomStream } from "../../src/random.ts";
import type { TrainEvent } from "../../src/training/events.ts";
import { createAdam } from "../../src/training/optimizer.ts";
import { eagerStep } from "../../src/training/step.ts";
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
  const vae = createVae(
    config,
    { imageShape: dataset.imageShape, averageImage: averageImage(dataset.train, coding) },
    random,
  );
  const optimizer = createAdam(vae.parameters, config.training);
  const step = eagerStep(vae, createObjective(config.objective), optimizer);
  const events: TrainEvent[] = [];
  const saved: { name: "last" | "best"; state: TrainingState }[] = [];
  const options: TrainerOptions = {
    vae,
    step,
    dataset,
    coding,
    config: config.training,
    objective: config.objective,
    random,
    state: initialState(),
    emit: (event) => void events.push(event),
    save: async (name, state) => void saved.push({ name, state: structuredClone(state) }),
    ...overrides,
  };
  return { config, dataset, coding, vae, optimizer, events, saved, options, run: () => train(options) };
}
