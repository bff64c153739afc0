import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BackendInfo, useBackend } from "../backends/index.ts";
import { VaeError } from "../base/errors.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { resolveDataDirs } from "../data/cache.ts";
import { averageOf, codedSize } from "../data/codedFields.ts";
import {
  codingsFor,
  describeMeasure,
  type LevelsCoding,
  levelsOf,
  type PixelCoding,
} from "../data/codings.ts";
import type { Dataset } from "../data/dataset.ts";
import { fieldOf } from "../data/field.ts";
import { imageFields } from "../data/images.ts";
import { type LoadContext, loadDataset } from "../data/index.ts";
import { models } from "../model/index.ts";
import { likelihoodSchema, likelihoods, supportOf } from "../model/likelihoods/index.ts";
import type { Vae } from "../model/vae.ts";
import { RandomStream } from "../tensors/random.ts";
import { loadCheckpoint } from "./checkpoint.ts";
import { checkMemory } from "./memory.ts";
import { RunFolder } from "./runFolder.ts";

/** What a resolved configuration stands for, ready to train. */
export interface Experiment {
  readonly config: Config;
  readonly backend: BackendInfo;
  readonly dataset: Dataset;
  readonly coding: PixelCoding;
  readonly vae: Vae;
  readonly random: RandomStream;
}

/** Settles what a configuration leaves open, so that what is saved says all: the pixel coding and whole paths. */
export function settle(config: Config): Config & { dataset: { pixels: PixelCoding } } {
  return { ...config, dataset: { ...withWholePaths(config.dataset), pixels: pixelCoding(config) } };
}

/** The coding of the pixels: the likelihood's own choice, or the user's if the likelihood is a density for it. */
function pixelCoding({ dataset, likelihood }: Config): PixelCoding {
  const support = supportOf(likelihood);
  const accepted = codingsFor(support);
  if (dataset.pixels === "auto") return accepted[0];
  if (accepted.includes(dataset.pixels)) return dataset.pixels;
  throw new VaeError(
    "usage",
    `dataset.pixels is ${dataset.pixels}, for which the ${likelihood.kind} likelihood ` +
      `(${describeMeasure(support)}) is no density, or one without bound. ` +
      `It accepts ${accepted.join(", ")}; \`pixels: auto\` takes ${accepted[0]}. ` +
      `For ${dataset.pixels} pixels there are, with their default settings, ${densitiesFor(dataset.pixels).join(", ")}.`,
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
  const isPath = (key: string) => /^(path|testPath|(train|test)(Images|Labels))$/.test(key);
  return Object.fromEntries(
    Object.entries(dataset).map(([key, value]) => [
      key,
      isPath(key) && value ? resolve(String(value)) : value,
    ]),
  ) as T;
}

/** Starts the backend, reads the data, builds the model with fresh weights. `config` is settled. */
export async function buildExperiment(
  config: Config,
  context: Omit<LoadContext, "dataDirs">,
): Promise<Experiment> {
  const [backend, dataset] = [await startBackend(config), await readDataset(config, context)];
  checkMemory(config, dataset, backend);
  const coding = pixelCoding(config);
  const random = new RandomStream(config.training.seed);
  const { fields, train } = dataset;
  const data = { fields, averageX: averageOf(train, fieldOf(fields, "x"), coding) };
  return {
    config,
    backend,
    dataset,
    coding,
    vae: models.of(config.model).create(config, data, random),
    random,
  };
}

/** A trained model from its run folder alone. */
export interface OpenedRun {
  readonly folder: RunFolder;
  readonly config: Config;
  readonly backend: BackendInfo;
  readonly vae: Vae;
  readonly coding: PixelCoding;
  /** The epoch that the weights are from. */
  readonly epoch: number;
}

/**
 * Opens a run on the backend, device and threads that `compute` says, and for the rest on what works here; what it was
 * trained on does not matter.
 */
export async function openRun(
  path: string,
  options: { checkpoint: "best" | "last"; compute: Overrides },
): Promise<OpenedRun> {
  const folder = RunFolder.open(path);
  const config = loadConfig(folder.config);
  const backend = await startBackend(loadConfig(undefined, options.compute));
  const { imageShape, fields = imageFields(imageShape) } = folder.record.dataset;
  const averageX = new Float32Array(codedSize(fieldOf(fields, "x"))); // replaced by the weights
  const data = { fields, averageX };
  const vae = models.of(config.model).create(config, data, new RandomStream(0));
  const { epoch } = loadCheckpoint(folder.checkpointOrFail(options.checkpoint), vae.parameters);
  return { folder, config, backend, vae, coding: pixelCoding(config), epoch };
}

export const readDataset = (config: Config, context: Omit<LoadContext, "dataDirs">): Promise<Dataset> =>
  loadDataset(config.dataset, { dataDirs: resolveDataDirs(), ...context });

const startBackend = ({ backend, device, threads }: Config) => useBackend(backend, { device, threads });

/** Versions of what the numbers depend on, for `run.json`. */
export function versions(backend: BackendInfo): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return { vae: own.version, node: process.version, [backend.name]: backend.version };
}
