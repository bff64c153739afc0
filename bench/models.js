import { loadConfig } from "../dist/config/load.js";

/** The models that are measured, as settings by path; all with the bernoulli likelihood. */
const settings = {
  "784-400-20": { "model.network.hidden": "400", "model.latentDim": "20" },
  "784-500-500-40": { "model.network.hidden": "500,500", "model.latentDim": "40" },
  conv: { "model.network.kind": "conv", "model.latentDim": "20" },
};

export const modelNames = Object.keys(settings);

/** The configuration of a model. Every engine builds from it, PyTorch too, so none has a model of its own. */
export const configOf = (model) =>
  loadConfig(undefined, new Map(Object.entries({ "likelihood.kind": "bernoulli", ...settings[model] })));

/** Kernels compile, pools grow and caches fill before anything is counted; and each turn of a slow engine has a few steps. */
const STEPS = { warmUpSteps: 5, warmUpMs: 300, leastSteps: 2 };
const PASSES = { warmUpSteps: 1, warmUpMs: 300, leastSteps: 1 };

/**
 * The rows of the table. `step` is one update of the weights, `elbo` a pass over 10,000 images (the size of MNIST's test
 * split), `start-up` a process from its command to the end of its first step.
 */
export const rows = [
  { task: "step", model: "784-400-20", batch: 128, ...STEPS, quick: true },
  { task: "step", model: "784-400-20", batch: 512, ...STEPS },
  { task: "step", model: "784-500-500-40", batch: 128, ...STEPS },
  { task: "step", model: "conv", batch: 128, ...STEPS },
  { task: "elbo", model: "784-400-20", batch: 500, ...PASSES },
  { task: "start-up", model: "784-400-20", batch: 128, warmUpSteps: 1, warmUpMs: 0 },
];

/** What `--whole` measures: a run of `vae train` from command to exit. */
export const wholeRow = { task: "whole", model: "784-400-20", batch: 128 };

export const tasks = ["step", "elbo", "start-up"];

/** Images that an `elbo` pass goes over. */
export const TEST_IMAGES = 10_000;
