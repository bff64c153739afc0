import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import type { Field } from "../../src/data/field.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { trainingInputs } from "../../src/training/inputs.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { tensorflowMissing } from "../helpers/missing.ts";
import { linearTable, tableModel, withTarget } from "../helpers/tables.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const N = 20;
const numbers = linearTable(N, [1, -0.5, 2], 0.4);
const counts = withTarget(
  numbers,
  { name: "y", kind: "count", shape: [1], show: "value", valueNames: ["visits"] },
  Float32Array.from({ length: N }, (_, i) => i % 5),
);
const kind: Field = {
  name: "y",
  kind: "class",
  shape: [1],
  show: "value",
  classCount: 3,
  valueNames: ["kind"],
};
const kinds = withTarget(
  numbers,
  kind,
  Uint8Array.from({ length: N }, (_, i) => i % 3),
);

/** Every posterior and both ways of drawing it, and the likelihoods that images do not have. */
const cases = [
  { dataset: numbers, settings: { "likelihood.sigma": "perPixel" } },
  {
    dataset: numbers,
    settings: { "model.weights.posterior.estimator": "flipout", "objective.samples": "3" },
  },
  { dataset: numbers, settings: { "model.weights.posterior.kind": "fullLastLayer" } },
  {
    dataset: numbers,
    settings: { "model.weights.posterior.kind": "mixture", "model.weights.posterior.components": "2" },
  },
  { dataset: numbers, settings: { "model.weights.posterior.kind": "point" } },
  { dataset: counts, settings: { "likelihood.kind": "poisson" } },
  { dataset: kinds, settings: { "likelihood.kind": "categorical" } },
] as const;

async function trained({ dataset, settings }: (typeof cases)[number], kind: "eager" | "recorded") {
  const { config, model, objective, random } = tableModel(dataset, {
    "model.network.hidden": "[5]",
    ...settings,
  });
  const optimizer = createOptimizer(model.parameters, config.training);
  const step = createStep(kind, { model, objective, optimizer }, (text) => {
    throw new Error(text);
  });
  const about = { set: dataset.train, fields: model.fields, coding: "gray", noise: model.noise } as const;
  const plan = {
    ...about,
    batchSize: 8,
    samples: objective.samples,
    epoch: 1,
    from: 0,
    step: 0,
    seed: random.key,
  };
  let n = 0;
  for (const batch of trainingInputs(plan)) {
    n++;
    await step.run({ batch, controls: [0.7], learningRate: 0.01, step: n });
  }
  const losses = await step.read();
  await step.sync();
  const weights = await Promise.all(model.parameters.variables.map(async (w) => (await w.data()).slice()));
  for (const part of [step, optimizer, model.parameters]) part.dispose();
  return { losses, weights };
}

async function expectSame(which: (typeof cases)[number]): Promise<void> {
  const [eager, recorded] = [await trained(which, "eager"), await trained(which, "recorded")];
  expect(eager.losses).toHaveLength(3);
  for (const [i, means] of eager.losses.entries()) {
    for (const [name, value] of Object.entries(means)) {
      expect(Math.abs(recorded.losses[i]![name]! / value - 1)).toBeLessThan(1e-4);
    }
  }
  for (const [i, values] of eager.weights.entries()) {
    expect(difference(recorded.weights[i]!, values)).toBeLessThan(1e-4);
  }
}

afterEach(() => tf.disposeVariables());

describe.skipIf(tensorflowMissing)("Bayesian networks recorded on tensorflow", () => {
  beforeAll(async () => {
    await useBackend("tensorflow");
  });
  test.each(cases)("$settings", expectSame);
});

describe.skipIf(absent)("Bayesian networks recorded on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));
  test.each(cases)("$settings", expectSame);
});
