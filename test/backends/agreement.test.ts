import { describe, expect, test } from "vitest";
import { type BackendName, backendNames, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import { tinyDigits, tinyTraining } from "../helpers/tiny.ts";

// A software graphics card takes seconds for each step: webgpu.test.ts compares fewer of them there.
const STEPS = 50;
const BATCH = 32;
const dataset = tinyDigits(STEPS * BATCH, 20);

/** The loss at each of 50 steps, weights, order and noise from one seed. */
async function losses(settings: Record<string, string>): Promise<number[]> {
  const { run, events } = tinyTraining(
    { ...settings, "training.epochs": "1", "training.batchSize": String(BATCH), "training.logEvery": "1" },
    { dataset },
  );
  await run();
  return events.filter((event) => event.type === "step").map(({ metrics }) => metrics.loss);
}

describe.each<Record<string, string>>([
  { "likelihood.kind": "bernoulli" },
  { "likelihood.kind": "gaussian", "likelihood.sigma": "shared" },
  { "likelihood.kind": "bernoulli", "model.prior.kind": "vamp", "model.prior.pseudoInputs": "9" },
])("50 steps of %j", (settings) => {
  let reference: number[];

  test("on wasm", async () => {
    await useBackend("wasm", { threads: 1 });
    reference = await losses(settings);
    expect(reference).toHaveLength(STEPS);
  });

  const others = backendNames.filter((name) => name !== "wasm");
  test.for<BackendName>(others)("%s has the losses of wasm", async (name, context) => {
    try {
      await useBackend(name, { threads: 1 });
    } catch (error) {
      if (error instanceof VaeError) return context.skip(error.message);
      throw error;
    }
    const values = await losses(settings);
    expect(values).toHaveLength(STEPS);
    for (const [i, loss] of values.entries()) {
      // A Gaussian's loss passes through 0, while its terms are some hundred nats.
      const bound = 1e-4 * Math.max(100, Math.abs(reference[i]!));
      expect(
        Math.abs(loss - reference[i]!),
        `step ${i + 1}: ${loss} for ${reference[i]}`,
      ).toBeLessThanOrEqual(bound);
    }
  });
});
