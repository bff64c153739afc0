import { readFileSync } from "node:fs";
import { useBackend } from "../dist/backends/index.js";
import { startStockWasm } from "../dist/backends/wasmStock.js";
import { fieldSize } from "../dist/data/field.js";
import { imageFields, imageSplit } from "../dist/data/images.js";
import { estimateElbo } from "../dist/evaluation/bounds.js";
import { createRunner } from "../dist/evaluation/runner.js";
import { models } from "../dist/model/index.js";
import { stepNoise } from "../dist/model/noise.js";
import { createObjective } from "../dist/objectives/index.js";
import { RandomStream } from "../dist/tensors/random.js";
import * as tf from "../dist/tensors/tf.js";
import { createStep } from "../dist/training/createStep.js";
import { createOptimizer } from "../dist/training/optimizer.js";
import { exampleStep } from "./tfjsExample.js";

const FIELDS = imageFields([28, 28, 1]);
const D = fieldSize(FIELDS.x);

/** What a job measures: `step` is a step of training, or a pass for the ELBO; `read` waits for what steps gave. */
export async function createSubject(job) {
  const { engine, backend, threads, task, device: wanted } = job;
  const { device, version, notes } = await (engine === "wasm-stock"
    ? startStockWasm()
    : useBackend(backend, { threads, device: wanted === "gpu" ? "gpu" : "auto" }));
  const make = task === "elbo" ? elboPass : engine.startsWith("tfjs-example") ? exampleSubject : trainingStep;
  return { device: [device, version, ...notes].join(", "), ...make(job, readFileSync(job.images)) };
}

/** Every other subject has read what it gave when a step is done. */
const nothing = async () => {};

/** A step as the trainer takes it, from arrays of the host to the two means of the loss. */
function trainingStep({ config, batch, step: kind }, bytes) {
  const model = freshVae(config);
  const objective = createObjective(config.objective);
  const optimizer = createOptimizer(model.parameters, config.training);
  const step = createStep(kind, { model, objective, optimizer }, () => {});
  const size = { count: batch, samples: objective.samples };
  const noise = stepNoise(model.noise, size, new RandomStream("bench"), 0);
  const inputs = { ...size, x: binaryBatch(bytes, batch), ...noise };
  let n = 0;
  return {
    step: () => step.run({ batch: inputs, controls: [1], learningRate: 1e-3, step: ++n }),
    read: () => step.read(),
  };
}

function exampleSubject({ config, batch }, bytes) {
  const { network, latentDim } = config.model;
  const step = exampleStep({ originalDim: D, intermediateDim: network.hidden[0], latentDim });
  const pixels = binaryBatch(bytes, batch);
  return {
    async step() {
      const x = tf.tensor2d(pixels, [batch, D]);
      step(x);
      tf.dispose(x);
    },
    read: nothing,
  };
}

/** The ELBO of all images, with the binary pixels and the noise drawn on the way, as `vae evaluate` has it. */
function elboPass({ config, batch, step: kind }, pixels) {
  const note = (text) => {
    throw new Error(text); // a row is what it is called
  };
  const runner = createRunner(freshVae(config), { record: kind === "recorded", note });
  const set = imageSplit(pixels.length / D, pixels);
  return { step: () => estimateElbo(runner, set, "binary-dynamic", { batchSize: batch }), read: nothing };
}

const freshVae = (config) =>
  models
    .of(config.model)
    .create(config, { fields: FIELDS, averageX: new Float32Array(D).fill(0.13) }, new RandomStream("bench"));

const binaryBatch = (bytes, batch) =>
  Float32Array.from(bytes.subarray(0, batch * D), (byte) => (byte >= 128 ? 1 : 0));
