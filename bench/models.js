import { loadConfig } from "../dist/config/load.js";

/** The models that are measured, as settings by path; all with the bernoulli likelihood. */
const settings = {
  "784-400-20": { "model.network.hidden": "400", "model.latentDim": "20" },
  "784-500-500-40": { "model.network.hidden": "500,500", "model.latentDim": "40" },
  conv: { "model.network.kind": "conv", "model.latentDim": "20" },
  "784-2000-2000-64": { "model.network.hidden": "2000,2000", "model.latentDim": "64" },
};

export const modelNames = Object.keys(settings);

/** The configuration of a model. Every engine builds from it, PyTorch too, so none has a model of its own. */
export const configOf = (model) =>
  loadConfig(undefined, new Map(Object.entries({ "likelihood.kind": "bernoulli", ...settings[model] })));

/** Kernels compile, pools grow and caches fill before anything is counted; and each turn of a slow engine has a few steps. */
const STEPS = { warmUpSteps: 5, warmUpMs: 300, leastSteps: 2 };
const PASSES = { warmUpSteps: 1, warmUpMs: 300, leastSteps: 1 };

const BOTH = { devices: ["cpu", "gpu"] };

/**
 * The rows of the table. `step` is one update of the weights, `elbo` a pass over 10,000 images (the size of MNIST's test
 * split), `start-up` a process from its command to the end of its first step, `whole` a run of `vae train` from command
 * to exit. `share` is what a row takes of a time budget, where not 1.
 */
export const rows = [
  { task: "step", model: "784-400-20", batch: 128, ...BOTH, ...STEPS, quick: true },
  { task: "step", model: "784-400-20", batch: 512, ...BOTH, ...STEPS },
  { task: "step", model: "784-500-500-40", batch: 128, ...BOTH, ...STEPS },
  { task: "step", model: "conv", batch: 128, ...BOTH, ...STEPS },
  { task: "step", model: "784-2000-2000-64", batch: 1024, devices: ["gpu"], ...STEPS },
  { task: "elbo", model: "784-400-20", batch: 500, ...BOTH, ...PASSES },
  { task: "start-up", model: "784-400-20", batch: 128, devices: ["cpu"], warmUpSteps: 1, warmUpMs: 0 },
  { task: "whole", model: "784-400-20", batch: 128, ...BOTH, share: 2 },
];

export const tasks = [...new Set(rows.map(({ task }) => task))];

/** Images that an `elbo` pass goes over. */
export const TEST_IMAGES = 10_000;
