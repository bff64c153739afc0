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

/**
 * The rows of the table. `step` is one update of the weights, `elbo` a pass over 10,000 images (the size of MNIST's test
 * split), `start-up` a process from its command to the end of its first step.
 */
export const rows = [
  { task: "step", model: "784-400-20", batch: 128, quick: true },
  { task: "step", model: "784-400-20", batch: 512 },
  { task: "step", model: "784-500-500-40", batch: 128 },
  { task: "step", model: "conv", batch: 128 },
  { task: "elbo", model: "784-400-20", batch: 500 },
  { task: "start-up", model: "784-400-20", batch: 128 },
];

export const tasks = ["step", "elbo", "start-up"];

/** Images that an `elbo` pass goes over. */
export const TEST_IMAGES = 10_000;
