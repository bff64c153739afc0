import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BackendInfo, useBackend } from "../backends/index.ts";
import { VaeError } from "../base/errors.ts";
import { conditionOf, givenField, observed, streamOf } from "../conditions/index.ts";
import { configAt } from "../config/changes.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { type Coded, trainingBatches } from "../data/batches.ts";
import { resolveDataDirs } from "../data/cache.ts";
import { averageOf, codedSize } from "../data/codedFields.ts";
import {
  codingsFor,
  describeMeasure,
  type LevelsCoding,
  levelsOf,
  type PixelCoding,
} from "../data/codings.ts";
import { type Dataset, holdsOutValidation, type Split } from "../data/dataset.ts";
import { type Field, type Fields, fieldOf, whiteOf } from "../data/field.ts";
import { imageFields } from "../data/images.ts";
import { datasets, dataTurns, type LoadContext, loadDataset, splitOf } from "../data/index.ts";
import type { RangeSettings } from "../data/pixelRange.ts";
import type { DatasetSource } from "../data/source.ts";
import { baseMeasureOf } from "../data/support.ts";
import type { SplitName } from "../evaluation/summary.ts";
import { models, targetOf } from "../model/index.ts";
import { likelihoodSchema, likelihoods, supportOf } from "../model/likelihoods/index.ts";
import type { Model } from "../model/model.ts";
import { checkObjective, createObjective } from "../objectives/index.ts";
import { RandomStream } from "../tensors/random.ts";
import { type Checkpoint, restore } from "./checkpoint.ts";
import { compareData, compareSettings, type DataIdentity } from "./identity.ts";
import { checkMemory } from "./memory.ts";
import { type CheckpointName, RunFolder } from "./runFolder.ts";

/** What a resolved configuration stands for, ready to train. */
export interface Experiment {
  readonly config: Config;
  readonly backend: BackendInfo;
  readonly dataset: Dataset;
  readonly coding: PixelCoding;
  readonly model: Model;
  readonly random: RandomStream;
}

/**
 * Settles what a configuration leaves open, so that what is saved says all: which images are held out, the bits and the
 * coding of pixels, what the target of a table is, and whole paths.
 */
export function settle(config: Config): Config {
  const dataset = withWholePaths(config.dataset);
  if (dataset.name === "table") {
    const { targetKind } = dataset;
    const kind = targetKind === "auto" ? kindOfTarget(config) : targetKind;
    return { ...config, dataset: { ...dataset, targetKind: kind } };
  }
  const split = splitOf(dataset);
  return {
    ...config,
    dataset: {
      ...dataset,
      ...(split && { split }),
      ...("depth" in dataset && { depth: depthOf(dataset.depth, config) }),
      pixels: pixelCoding(config),
    },
  };
}

/** What the target of a table is to be read as, where the likelihood tells; otherwise the table itself does. */
function kindOfTarget({ likelihood }: Config) {
  const { set } = supportOf(likelihood);
  if (set === "binary" || set === "levels") return "class";
  return set === "counts" ? "count" : "auto";
}

/** How bytes are asked to become x, where the dataset may have some. */
export const pixelsOf = (dataset: Config["dataset"]) => ("pixels" in dataset ? dataset.pixels : "auto");

/** The coding of the pixels: the likelihood's own choice, or the user's if the likelihood is a density for it. */
function pixelCoding({ dataset, likelihood }: Config): PixelCoding {
  if (!("pixels" in dataset)) return "gray"; // of data without pixels, none of which is coded
  const support = supportOf(likelihood);
  const accepted = codingsFor(support);
  const [usual] = accepted;
  if (usual === undefined) {
    throw new VaeError(
      "usage",
      `The ${likelihood.kind} likelihood is a density for counts, which are in tables of numbers, and ${dataset.name} has pixels. ` +
        `For those there are ${densitiesFor("gray").join(", ")}.`,
    );
  }
  if (dataset.pixels === "auto") {
    const source: DatasetSource = datasets[dataset.name];
    return source.isBinary && accepted.includes("binary-threshold") ? "binary-threshold" : usual;
  }
  if (accepted.includes(dataset.pixels)) return dataset.pixels;
  throw new VaeError(
    "usage",
    `dataset.pixels is ${dataset.pixels}, for which the ${likelihood.kind} likelihood ` +
      `(${describeMeasure(support)}) is no density, or one without bound. ` +
      `It accepts ${accepted.join(", ")}; \`pixels: auto\` takes ${usual}. ` +
      `For ${dataset.pixels} pixels there are, with their default settings, ${densitiesFor(dataset.pixels).join(", ")}.`,
  );
}

/** More than 8 bits are for densities of real numbers, which alone can tell so many levels apart. */
function depthOf(depth: RangeSettings["depth"], { likelihood }: Config) {
  return depth === "auto" && baseMeasureOf(supportOf(likelihood)) === "counting" ? 8 : depth;
}

/** Fails where a likelihood is one of 256 levels, and the data have others. */
function checkLevels({ likelihood }: Config, x: Field): void {
  const [white, support] = [whiteOf(x), supportOf(likelihood)];
  if (white === 255 || support.set !== "bytes") return;
  throw new VaeError(
    "usage",
    `The pixels have ${(white + 1).toLocaleString("en-US")} levels, but the ${likelihood.kind} likelihood is one of 256. ` +
      "Round to these with --dataset.depth 8, or take a likelihood of real numbers, such as gaussian.",
  );
}

/** The densities for pixels of this coding, by how they are set to be one. */
function densitiesFor(coding: PixelCoding): string[] {
  const levels = coding.startsWith("levels-") ? levelsOf(coding as LevelsCoding) : undefined;
  return [...likelihoods.members].flatMap(([kind, family]) => {
    const isCategorical = kind === "categorical";
    const config = likelihoodSchema.parse({ kind, ...(isCategorical && levels && { levels }) });
    if (family.kindOf !== "density" || !codingsFor(family.support(config)).includes(coding)) return [];
    return [isCategorical ? `categorical with levels: ${levels}` : kind];
  });
}

/** A run must find the user's files from whichever folder it is opened in. */
function withWholePaths<T extends Config["dataset"]>(dataset: T): T {
  const isPath = (key: string) =>
    /^(path|testRows|(test|condition|testCondition)Path|(train|test)(Images|Labels))$/.test(key);
  return Object.fromEntries(
    Object.entries(dataset).map(([key, value]) => [
      key,
      isPath(key) && value ? resolve(String(value)) : value,
    ]),
  ) as T;
}

/** Starts the backend, reads the data, builds the model with fresh weights. `config` is settled. */
export async function buildExperiment(config: Config, context: DataContext): Promise<Experiment> {
  const [backend, dataset] = [await startBackend(config), await readDataset(config, context)];
  const { fields, train } = dataset;
  const given = givenField(config.condition, fields);
  const about = { fields, ...(given && { given }) };
  const x = fieldOf(fields, "x");
  checkLevels(config, x);
  const much = checkMemory(config, { ...about, train }, backend);
  if (much !== undefined) context.warn?.(much);
  const coding = pixelCoding(config);
  const random = new RandomStream(config.training.seed);
  const target = targetOf(config.model, fields);
  const data = {
    ...about,
    averageX: averageOf(train, target, coding),
    trainCount: train.count,
    examples: (count: number) => someExamples(train, { fields: [target], coding }, count, random),
  };
  const model = models.of(config.model).create(config, data, random);
  checkObjective(createObjective(config.objective), model);
  checkEarlyStopping(config.training, dataset);
  return { config, backend, dataset, coding, model, random };
}

function checkEarlyStopping({ earlyStopping }: Config["training"], dataset: Dataset): void {
  if (earlyStopping === 0 || holdsOutValidation(dataset)) return;
  throw new VaeError(
    "usage",
    `training.earlyStopping is ${earlyStopping}, and dataset.validation is 0: nothing is held out whose loss could stop the run. ` +
      "Hold some out (--dataset.validation 0.1), or leave early stopping out; a schedule such as `training.schedule: cosine` ends by itself.",
  );
}

/** Training examples in random order as a model sees them, [count, D]; from the start again where there are fewer. */
function someExamples(train: Split, coded: Coded, count: number, random: RandomStream): Float32Array {
  const options = { ...coded, batchSize: Math.min(count, train.count), epoch: 0, random }; // epochs count from 1
  const { columns } = trainingBatches(train, options).next().value!;
  const examples = columns[coded.fields[0]!.name]!;
  const size = examples.length / options.batchSize;
  return Float32Array.from({ length: count * size }, (_, i) => examples[i % examples.length]!);
}

/** A trained model from its run folder alone. */
export interface OpenedRun {
  readonly folder: RunFolder;
  /** As it was at the checkpoint. */
  readonly config: Config;
  readonly backend: BackendInfo;
  readonly model: Model;
  readonly coding: PixelCoding;
  /** The epoch that the weights are from. */
  readonly epoch: number;
  /** Which weights they are, and the sha256 of their file. */
  readonly checkpoint: { readonly name: CheckpointName; readonly sha256: string };
  /** What it was trained on; absent where an earlier version trained it. */
  readonly data: DataIdentity | undefined;
}

/**
 * Opens a run on the backend, device and threads that `compute` says, and for the rest on what works here; what it was
 * trained on does not matter. Or on the backend of a run that is open already: starting one again would lose its tensors.
 */
export async function openRun(
  path: string,
  options: { checkpoint: CheckpointName; compute: Overrides | BackendInfo },
): Promise<OpenedRun> {
  const folder = RunFolder.open(path);
  const checkpoint = folder.readCheckpoint(options.checkpoint);
  const { origin, state } = checkpoint;
  const config = configAt(configOf(folder, checkpoint), Math.max(0, state.step - 1));
  const { compute } = options;
  const backend = "name" in compute ? compute : await startCompute(compute);
  const fields = origin?.data.fields ?? formerFields(folder);
  const averageX = new Float32Array(codedSize(targetOf(config.model, fields))); // replaced by the weights
  const given = givenField(config.condition, fields);
  const trainCount = origin?.data.splits.train.count;
  const data = { fields, averageX, ...(given && { given }), ...(trainCount && { trainCount }) };
  const model = models.of(config.model).create(config, data, new RandomStream(0));
  restore(checkpoint, model.parameters);
  return {
    folder,
    config,
    backend,
    model,
    coding: pixelCoding(config),
    epoch: state.epoch,
    checkpoint: { name: options.checkpoint, sha256: checkpoint.sha256 },
    data: origin?.data,
  };
}

/**
 * The settings of a run: those of its checkpoint, with what may be otherwise, such as where its data lie now, from its
 * `config.yaml`. Fails where that says something else.
 */
export function configOf(folder: RunFolder, { origin, state }: Checkpoint): Config {
  if (!origin) return loadConfig(folder.config);
  if (!existsSync(folder.config)) return origin.config;
  const config = loadConfig(folder.config);
  compareSettings(folder.config, config, origin.config, state.step);
  return config;
}

/** Of a run whose checkpoint does not say. */
function formerFields(folder: RunFolder): Fields {
  const record = folder.readRecord();
  if (!record)
    throw new VaeError("failure", `${folder.path} has no run.json, which says what its data were.`);
  return record.dataset.fields ?? imageFields(record.dataset.imageShape!);
}

/** The data of a configuration, with what its condition makes of each example. */
export async function readDataset(config: Config, context: DataContext): Promise<Dataset> {
  const dataset = await loadDataset(config.dataset, { dataDirs: resolveDataDirs(), ...context });
  const { condition: settings } = config;
  const condition = conditionOf(settings, fieldOf(dataset.fields, "x"));
  if (!condition) return dataset;
  if (dataset.fields["y"]) {
    throw new VaeError(
      "usage",
      `condition.kind is ${settings.kind}, which makes y of x, and ${dataset.name} brings a y of its own: condition.kind given takes that.`,
    );
  }
  return observed(dataset, condition, { random: streamOf(settings), turn: dataTurns(context) });
}

type DataContext = Omit<LoadContext, "dataDirs">;

/** The data of a run, of which these splits must be what it was trained on, unless others are accepted. */
export async function readRunData(
  { config, data, folder }: OpenedRun,
  splits: readonly SplitName[],
  { acceptsData, ...context }: DataContext & { acceptsData: boolean },
): Promise<Dataset> {
  const dataset = await readDataset(config, context);
  if (data && !acceptsData) compareData(folder.path, data, dataset, splits);
  return dataset;
}

/** Starts the backend, device and threads that these settings say, and for the rest what works here. */
export const startCompute = (compute: Overrides): Promise<BackendInfo> =>
  startBackend(loadConfig(undefined, compute));

const startBackend = ({ backend, device, threads }: Config) => useBackend(backend, { device, threads });

/** Versions of what the numbers depend on, for `run.json`. */
export function versions(backend: BackendInfo): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return { vae: own.version, node: process.version, [backend.name]: backend.version };
}
