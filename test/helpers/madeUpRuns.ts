import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configYaml, loadConfig } from "../../src/config/load.ts";
import { pixelsOf, settle } from "../../src/runs/experiment.ts";
import type { RunRecord } from "../../src/runs/runRecord.ts";

/** What a made-up run says of itself; the rest is that of a run on the built-in digits. */
export interface MadeUpRun {
  readonly settings?: Readonly<Record<string, string>>;
  readonly seed?: number;
  readonly rate?: number;
  readonly distortion?: number;
  /** Standard error over images. */
  readonly error?: number;
  /** How much lower test is than validation. */
  readonly testLower?: number;
  readonly summary?: object;
  readonly status?: RunRecord["status"];
  /** Of the bytes of the test images. */
  readonly testHash?: string;
  readonly epochs?: number;
  readonly evaluations?: readonly object[];
}

/** Writes the small files of a run, as training does, and no weights. */
export function madeUpRun(folder: string, run: MadeUpRun = {}): string {
  const { settings = {}, seed = 0, rate = 25, distortion = 75, error = 0.2, testLower = 1 } = run;
  const { status = "finished", testHash = "7e57", epochs = 5 } = run;
  const flags = { "likelihood.kind": "bernoulli", ...settings, "training.seed": `${seed}` };
  const config = settle(
    loadConfig(undefined, new Map(Object.entries({ ...flags, "training.epochs": `${epochs}` }))),
  );
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const writeJson = (name: string, value: object) => write(name, `${JSON.stringify(value, null, 2)}\n`);
  const split = (split: string, lower: number) => ({
    split,
    count: 5000,
    samples: 8,
    distortion: distortion - lower,
    distortionStandardError: error,
    rate,
    rateStandardError: error / 4,
    elbo: lower - distortion - rate,
    elboStandardError: error,
    elboDrawError: error / 10,
    bitsPerDim: (distortion + rate - lower) / (784 * Math.LN2),
    bitsPerDimStandardError: error / (784 * Math.LN2),
    medianImage: distortion + rate,
    worstTenImages: 0.1,
  });
  write("config.yaml", configYaml(config));
  writeJson("run.json", {
    status,
    command: "vae train",
    versions: { vae: "0.1.0" },
    backend: { name: "wasm", device: "CPU", threads: 1 },
    dataset: {
      name: config.dataset.name,
      imageShape: [28, 28, 1],
      counts: { train: 55000, validation: 5000, test: 10000 },
      hashes: {},
      splitHashes: { train: "7124", validation: "0a11", test: testHash },
    },
    parameterCount: 652824,
    timings: {
      startedAt: "2026-01-01T00:00:00.000Z",
      seconds: 90,
      imagesPerSecond: Array.from({ length: epochs }, () => 9000),
    },
    history: [],
  } satisfies RunRecord);
  if (status === "finished") {
    writeJson("summary.json", {
      run: folder,
      reason: "completed",
      epochs,
      checkpoint: { name: "best", epoch: epochs },
      likelihood: config.likelihood.kind,
      kindOf: "density",
      baseMeasure: "counting measure on {0, 1}",
      pixels: pixelsOf(config.dataset),
      ...("beta" in config.objective && { beta: config.objective.beta }),
      protocol: "mean over 8 z ~ q(z|x) per image; and the rest",
      latents: { latentDim: 20, active: { variance: 18, kl: 17 }, collapsed: false },
      splits: { validation: split("validation", 0), test: split("test", testLower) },
      ...run.summary,
    });
  }
  write("evaluations.jsonl", (run.evaluations ?? []).map((line) => `${JSON.stringify(line)}\n`).join(""));
  const curve = Array.from({ length: epochs }, (_, i) => {
    const elbo = -(distortion + rate) - 60 * Math.exp(-i) + 60 * Math.exp(1 - epochs);
    return `${100 * (i + 1)},${i + 1},train,${-elbo},${-elbo}\n${100 * (i + 1)},${i + 1},validation,${-elbo},${elbo}\n`;
  });
  write("metrics.csv", `step,epoch,split,loss,elbo\n${curve.join("")}`);
  return folder;
}

/** A line of `evaluations.jsonl` of a made-up run's best checkpoint. */
export const evaluationLine = (split: "validation" | "test", values: object = {}, epoch = 5) => ({
  split,
  checkpoint: "best",
  epoch,
  checkpointSha256: "c0de",
  datasetSha256: split === "test" ? "7e57" : "0a11",
  ...values,
});

/**
 * A sweep of β, latent dimensions and learning rates, some seeds of each, on the curve distortion = 75 − 25 · log(rate / 25)
 * with what a small latent space adds to it.
 */
export function madeUpSweep(folder: string, count: number, epochs = 5): void {
  const betas = [0.25, 0.5, 1, 2, 4, 8, 16, 32];
  for (let i = 0; i < count; i++) {
    const seed = i % 4;
    const beta = betas[(i >> 2) % 8]!;
    const latentDim = 2 + 2 * ((i >> 5) % 16);
    const rate = 25 / beta ** 0.5 + 0.1 * Math.sin(7 * i);
    const distortion = 75 - 25 * Math.log(rate / 25) + 40 / latentDim + 0.2 * Math.cos(5 * i);
    madeUpRun(join(folder, `${i >> 5}`, `run-${i}`), {
      settings: {
        "objective.beta": `${beta}`,
        "model.latentDim": `${latentDim}`,
        "training.learningRate": `${0.001 * (1 + (i >> 9))}`,
      },
      seed,
      rate,
      distortion,
      epochs,
    });
  }
}
