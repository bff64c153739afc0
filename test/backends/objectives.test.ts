import { expect, test } from "vitest";
import { type BackendName, backendNames, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { train } from "../../src/training/trainer.ts";
import { tinyDigits, tinyTraining } from "../helpers/tiny.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const dataset = tinyDigits(20, 4);

/** Three steps, the last of them with a smaller batch: the losses on the way, and the weights after it. */
async function threeSteps(settings: Record<string, string>, kind: "eager" | "recorded") {
  const { vae, objective, optimizer, options, events } = tinyTraining(
    {
      ...settings,
      "likelihood.kind": "bernoulli",
      "training.epochs": "1",
      "training.batchSize": "8",
      "training.logEvery": "1",
    },
    { dataset },
  );
  const step = createStep(kind, { model: vae, objective, optimizer }, () => {});
  const before = tf.memory().numTensors;
  await train({ ...options, step });
  const weights = await Promise.all(
    vae.parameters.variables.map(async (variable) => (await variable.data()).slice()),
  );
  if (kind === "eager") expect(tf.memory().numTensors).toBe(before);
  for (const part of [step, optimizer, vae.parameters]) part.dispose();
  const losses = events.flatMap((event) => (event.type === "step" ? [event.metrics.loss] : []));
  return { losses, weights: weights.flatMap((values) => [...values]) };
}

const objectives: Record<string, string>[] = [
  { "objective.kind": "dreg", "objective.samples": "3" },
  {
    "objective.kind": "freeBits",
    "objective.samples": "2",
    "objective.lambda": "0.2",
    "objective.groupSize": "2",
  },
  { "objective.kind": "capacity", "objective.capacityEpochs": "1" },
];

const runs = backendNames.flatMap((name): [BackendName, "eager" | "recorded"][] =>
  ["tensorflow", "webgpu"].includes(name)
    ? [
        [name, "eager"],
        [name, "recorded"],
      ]
    : [[name, "eager"]],
);

test.for(objectives)("every backend takes the same steps, recorded or not: %o", async (settings) => {
  await useBackend("wasm", { threads: 1 });
  const wanted = await threeSteps(settings, "eager");
  expect(wanted.losses).toHaveLength(3);
  for (const [name, kind] of runs) {
    if (name === "webgpu" && absent) continue;
    try {
      if (name === "webgpu") await tf.setBackend(name);
      else await useBackend(name, { threads: 1 });
    } catch (error) {
      if (error instanceof VaeError) continue; // not here
      throw error;
    }
    const { losses, weights } = await threeSteps(settings, kind);
    for (const [i, loss] of wanted.losses.entries())
      expect(Math.abs(losses[i]! - loss), `${name} ${kind}`).toBeLessThan(1e-4 * Math.abs(loss));
    expect(difference(weights, wanted.weights), `${name} ${kind}`).toBeLessThan(2e-3);
  }
});
