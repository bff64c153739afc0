import { givenField } from "../../src/conditions/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { averageOf } from "../../src/data/codedFields.ts";
import type { PixelCoding } from "../../src/data/codings.ts";
import { type Dataset, part } from "../../src/data/dataset.ts";
import { DIGITS_CLASS_NAMES, DIGITS_SHAPE, generateDigits } from "../../src/data/digits.ts";
import { fieldOf } from "../../src/data/field.ts";
import { imageFields } from "../../src/data/images.ts";
import { createRunner } from "../../src/evaluation/runner.ts";
import { models } from "../../src/model/index.ts";
import type { Vae } from "../../src/model/vae.ts";
import { createObjective } from "../../src/objectives/index.ts";
import { pixelsOf, settle } from "../../src/runs/experiment.ts";
import { dataIdentityOf } from "../../src/runs/identity.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import type { TrainEvent } from "../../src/training/events.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { initialState, type TrainingState } from "../../src/training/state.ts";
import { eagerStep, type StepInputs } from "../../src/training/step.ts";
import { type TrainerOptions, train } from "../../src/training/trainer.ts";

/** A few real digits, enough to see a loss fall. */
export function tinyDigits(train = 300, held = 50): Dataset {
  const images = (split: "train" | "test", count: number) => generateDigits({ seed: 0, split, count });
  const all = images("train", train + held);
  const fields = imageFields(DIGITS_SHAPE, DIGITS_CLASS_NAMES);
  const between = (from: number, to: number) => part(all, Object.values(fields), from, to);
  return {
    name: "digits",
    fields,
    train: between(0, train),
    validation: between(train, train + held),
    test: images("test", held),
    hashes: {},
  };
}

/** Settings by path on top of a small network and a short run. */
export function tinyConfig(settings: Record<string, string> = {}): Config {
  const small = {
    ...(settings["model.kind"] !== "regression" && { "model.latentDim": "4" }),
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
  const coding = pixelsOf(config.dataset) as PixelCoding;
  const random = new RandomStream(config.training.seed);
  const { fields } = dataset;
  const given = givenField(config.condition, fields);
  const averageX = averageOf(dataset.train, fieldOf(fields, "x"), coding);
  const data = { fields, averageX, ...(given && { given }) };
  const vae = models.of(config.model).create(config, data, random) as Vae;
  const runner = createRunner(vae, { record: false, note: () => {} });
  const objective = createObjective(config.objective);
  const optimizer = createOptimizer(vae.parameters, config.training);
  const step = eagerStep(vae, objective, optimizer);
  const events: TrainEvent[] = [];
  const saved: { name: "last" | "best"; state: TrainingState }[] = [];
  const options: TrainerOptions = {
    runner,
    step,
    dataset,
    coding,
    phases: [{ from: 0, config: config.training, objective }],
    random,
    state: initialState(objective),
    emit: (event) => void events.push(event),
    save: async (name, state) => void saved.push({ name, state: structuredClone(state) }),
    ...overrides,
  };
  const run = () => train(options);
  /** What a checkpoint of it holds. */
  const parts = (state: TrainingState = options.state) => ({
    parameters: vae.parameters,
    optimizer,
    state,
    origin: { config, data: dataIdentityOf(dataset) },
  });
  return { config, dataset, coding, vae, runner, objective, optimizer, events, saved, options, run, parts };
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
  x: Float32Array<ArrayBuffer>;
  noise: Float32Array<ArrayBuffer>;
  step: number;
  beta?: number;
  learningRate?: number;
}): StepInputs {
  return { batch: { count, samples: 1, x, posterior: noise }, controls: [beta], learningRate, step };
}
