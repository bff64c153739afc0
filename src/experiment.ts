import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadCheckpoint } from "./artifacts/checkpoint.ts";
import { RunFolder } from "./artifacts/runFolder.ts";
import { type BackendInfo, useBackend } from "./backends/index.ts";
import { loadConfig, type Overrides } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { averageImage } from "./data/batches.ts";
import { resolveDataDirs } from "./data/cache.ts";
import type { Dataset, OnDataProgress } from "./data/dataset.ts";
import { loadDataset } from "./data/index.ts";
import { VaeError } from "./errors.ts";
import { likelihoodFamily, likelihoodsFor } from "./likelihoods/index.ts";
import { createVae, type Vae } from "./model.ts";
import type { PixelCoding } from "./pixels.ts";
import { RandomStream } from "./random.ts";

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
  const accepted = likelihoodFamily(likelihood).pixels(likelihood);
  if (dataset.pixels === "auto") return accepted[0];
  if (accepted.includes(dataset.pixels)) return dataset.pixels;
  throw new VaeError(
    "usage",
    `dataset.pixels is ${dataset.pixels}, for which the ${likelihood.kind} likelihood ` +
      `(${likelihoodFamily(likelihood).baseMeasure(likelihood)}) is no density, or one without bound. ` +
      `It accepts ${accepted.join(", ")}; \`pixels: auto\` takes ${accepted[0]}. ` +
      `For ${dataset.pixels} pixels there are, with their default settings, ${likelihoodsFor(dataset.pixels).join(", ")}.`,
  );
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
  context: { onProgress: OnDataProgress; signal?: AbortSignal },
): Promise<Experiment> {
  const [backend, dataset] = [await startBackend(config), await readDataset(config, context)];
  const coding = pixelCoding(config);
  const random = new RandomStream(config.training.seed);
  const data = { imageShape: dataset.imageShape, averageImage: averageImage(dataset.train, coding) };
  return { config, backend, dataset, coding, vae: createVae(config, data, random), random };
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
  const { imageShape } = folder.record.dataset;
  const averageImage = new Float32Array(imageShape[0] * imageShape[1] * imageShape[2]); // replaced by the weights
  const vae = createVae(config, { imageShape, averageImage }, new RandomStream(0));
  const { epoch } = loadCheckpoint(folder.checkpointOrFail(options.checkpoint), vae.parameters);
  return { folder, config, backend, vae, coding: pixelCoding(config), epoch };
}

export const readDataset = (
  config: Config,
  context: { onProgress: OnDataProgress; signal?: AbortSignal },
): Promise<Dataset> => loadDataset(config.dataset, { dataDirs: resolveDataDirs(), ...context });

const startBackend = ({ backend, device, threads }: Config) => useBackend(backend, { device, threads });

/** Versions of what the numbers depend on, for `run.json`. */
export function versions(backend: BackendInfo): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return { vae: own.version, node: process.version, [backend.name]: backend.version };
}
