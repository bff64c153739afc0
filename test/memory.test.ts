import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { loadConfig } from "../src/config/load.ts";
import { codedSize } from "../src/data/codedFields.ts";
import type { Fields } from "../src/data/field.ts";
import { imageFields, imageSplit } from "../src/data/images.ts";
import { models } from "../src/model/index.ts";
import { samplesOf } from "../src/model/noise.ts";
import { checkMemory, leastMemory } from "../src/runs/memory.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

const fields: Fields = {
  ...imageFields([7, 6, 3], 5),
  image: { name: "image", shape: [4, 3, 2], kind: "real", show: "image" },
};
const D = 7 * 6 * 3;
const B = 3;

const configOf = (settings: Record<string, string>) =>
  loadConfig(undefined, new Map(Object.entries(settings)));

/** The settings of a model, and beside them the name of the field that it is given. */
describe.each<Record<string, string>>([
  { "model.network.hidden": "9,5" },
  { "model.network.hidden": "" },
  { "model.network.kind": "gated-mlp", "model.network.hidden": "9,5" },
  { "model.network.kind": "conv", "model.network.channels": "4,3", "model.network.hidden": "8" },
  { "model.network.kind": "conv", "model.network.channels": "4", "likelihood.sigma": "perPixel" },
  { "likelihood.kind": "categorical", "likelihood.levels": "5", "model.network.hidden": "9" },
  { "likelihood.kind": "gaussian-mixture", "likelihood.components": "3", "model.network.hidden": "9" },
  { "model.prior.kind": "gaussianMixture", "model.prior.components": "6", "model.network.hidden": "9" },
  { "model.prior.kind": "vamp", "model.prior.pseudoInputs": "6", "model.network.hidden": "200" },
  { "model.prior.kind": "couplingFlow", "model.network.hidden": "9" },
  { "model.posterior.kind": "planarFlow", "model.posterior.layers": "2", "model.network.hidden": "9" },
  { given: "label", "model.conditionFeatures": "8", "model.network.hidden": "9,5" },
  { given: "image", "model.conditionFeatures": "8", "model.prior.kind": "conditionalGaussian" },
  {
    given: "image",
    "model.conditionFeatures": "8",
    "model.network.kind": "conv",
    "model.network.channels": "4",
  },
  {
    given: "image",
    "model.kind": "regression",
    "model.conditionFeatures": "8",
    "likelihood.sigma": "perPixel",
  },
  {
    given: "label",
    "model.kind": "regression",
    "model.conditionFeatures": "8",
    "model.network.kind": "conv",
  },
])("the size of %j", ({ given: name, ...settings }) => {
  /** What may be as large as one likes. */
  const width = settings["model.kind"] === "regression" ? "model.conditionFeatures" : "model.latentDim";
  const config = configOf({ ...(width === "model.latentDim" && { [width]: "4" }), ...settings });
  const about = { fields, ...(name && { given: fields[name]! }) };
  const size = models.of(config.model).size(config, about);

  test("is that of the model, but for a scale that the likelihood learns", () => {
    const averageX = new Float32Array(D).fill(0.4);
    const data = { ...about, averageX };
    const model = models.of(config.model).create(config, data, new RandomStream("size"));
    const { parameters } = model;
    const ofLikelihood = parameters.names.filter((name) => name.startsWith("likelihood.")).length;
    expect(size.weights).toBe(parameters.count - ofLikelihood);

    // All that a pass makes is alive until its tidy ends.
    tf.tidy(() => {
      const K = samplesOf(model, 2);
      const read = model.fields.map((field) => [field.name, tf.fill([B, codedSize(field)], 0.4)] as const);
      const inputs = { ...Object.fromEntries(read), posterior: tf.zeros([K * B, 4]) };
      const there = read
        .filter(([name]) => model.noise.length > 0 || name !== "x") // f(y) keeps no x
        .reduce((sum, [, { size }]) => sum + size, 0);
      const before = tf.memory().numBytes;
      const { decoded } = model.terms(inputs, K);
      const made = (tf.memory().numBytes - before) / 4;
      // The inputs are there, a gradient is not.
      const kept = B * size.perExample - there + K * B * size.perSample - decoded.size;
      expect(kept).toBeLessThanOrEqual(made);
      expect(made).toBeLessThan(6 * (kept + decoded.size));
    });
    parameters.dispose();
  });

  test("takes no memory and no time, whatever it is", () => {
    const tensors = tf.memory().numTensors;
    const huge = configOf({ ...settings, [width]: "9007199254740991" });
    const started = performance.now();
    expect(models.of(huge.model).size(huge, about).weights).toBeGreaterThan(1e16);
    expect(performance.now() - started).toBeLessThan(100);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

test("the memory of a run is that of weights, gradients and moments, and of what a step keeps", () => {
  const data = { fields: imageFields([1, 1, 1]), train: imageSplit(1000, new Uint8Array(1000)) };
  const config = configOf({ "model.network.hidden": "", "model.latentDim": "1", "training.batchSize": "64" });
  // 1 -> 2 outputs with biases, 1 -> 1 with a bias; Adam has two moments.
  expect(leastMemory(config, data).weights).toBe(4 * (4 + 2) * 4);
  // x and 2 outputs; z, the decoder's output and its gradient.
  expect(leastMemory(config, data).step).toBe(4 * 64 * (3 + 3));
  const sgd = configOf({ "training.optimizer.kind": "sgd", "training.optimizer.momentum": "0" });
  const adam = configOf({});
  expect(leastMemory(adam, data).weights).toBe(2 * leastMemory(sgd, data).weights);
  const samples = { ...config, objective: { ...config.objective, samples: 10 } };
  expect(leastMemory(samples, data).step).toBe(4 * 64 * (3 + 30));
  // A batch holds no more than there is.
  const large = configOf({ "training.batchSize": "1000000000" });
  expect(leastMemory(large, data).step).toBe(
    leastMemory({ ...large, training: { ...large.training, batchSize: 1000 } }, data).step,
  );
});

test("what does not fit is refused by the setting that makes it so large", () => {
  const told = (settings: Record<string, string>, shape: readonly [number, number, number] = [28, 28, 1]) => {
    const data = { fields: imageFields(shape), train: imageSplit(1000, new Uint8Array()) };
    try {
      checkMemory(configOf(settings), data, { name: "wasm", memory: 2 ** 32 });
      return "fits";
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  };
  expect(
    [
      told({}),
      told({ "model.latentDim": "5000", "model.network.hidden": "2000,1000", "training.batchSize": "1000" }),
      told({ "likelihood.kind": "categorical", "dataset.name": "mnist" }),
      told({ "model.latentDim": "100000000", threads: "2" }),
      told({ "model.network.hidden": "400,1000000" }),
      told({ "objective.samples": "10000" }),
      told({ "model.network.kind": "conv", "model.network.channels": "30000,30000" }),
      told({ "model.network.kind": "conv", "model.network.kernel": "10000" }),
      told({}, [2000, 2000, 3]),
    ].join("\n"),
  ).toMatchInlineSnapshot(`
    "fits
    fits
    fits
    usage: --latent-dim (model.latentDim) is 100000000, which is too large; with 20, the default, it would take 12.1 MB. Training takes at least 2.1 TB of memory, 1.9 TB of it for the weights, their gradients and the optimiser's state; wasm can have 4.3 GB here.
    usage: --hidden (model.network.hidden) is [400,1000000], which is too large; with [400], the default, it would take 12.1 MB. Training takes at least 14.8 GB of memory, 13.8 GB of it for the weights, their gradients and the optimiser's state; wasm can have 4.3 GB here.
    usage: --samples (objective.samples) is 10000, which is too large; with 1, the default, it would take 12.1 MB. Training takes at least 10.2 GB of memory, 10.2 GB of it for what one step keeps for its gradients; wasm can have 4.3 GB here.
    usage: --channels (model.network.channels) is [30000,30000], which is too large; with [32,64], the default, it would take 52.9 MB. Training takes at least 487.2 GB of memory, 479.7 GB of it for the weights, their gradients and the optimiser's state; wasm can have 4.3 GB here.
    usage: --model.network.kernel is 10000, which is too large; with 4, the default, it would take 52.9 MB. Training takes at least 6.7 TB of memory, 6.7 TB of it for the weights, their gradients and the optimiser's state; wasm can have 4.3 GB here.
    usage: The images are too large, 2000x2000x3 (height x width x channels). Training takes at least 172.2 GB of memory, 153.8 GB of it for the weights, their gradients and the optimiser's state; wasm can have 4.3 GB here."
  `);
});

test("what fits but is much is told, and what makes it so", () => {
  const data = { fields: imageFields([28, 28, 1]), train: imageSplit(1000, new Uint8Array()) };
  const roomy = { name: "wasm", memory: 2 ** 36 };
  expect(checkMemory(configOf({ "model.latentDim": "1000000" }), data, roomy)).toMatch(
    /^Training takes at least [\d.]+ GB of memory\. --latent-dim \(model\.latentDim\) is 1000000, which is large; with 20,/,
  );
  expect(checkMemory(configOf({}), data, roomy)).toBeUndefined();
});
