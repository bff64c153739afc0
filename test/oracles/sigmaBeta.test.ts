import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { tinyTraining } from "../helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const STEPS = 200;
const D = 784;

/**
 * −log p with a fixed σ is SSE / 2σ² + (D/2) log 2πσ². So (Gaussian σ, β = 1) and (SSE, β = 2σ²) have losses that differ
 * by the factor 2σ² and a constant: for Adam the same problem, if its ε has the same factor.
 */
test.each([0.1, 0.35])("σ = %d with β = 1 is SSE with β = 2σ²", async (sigma) => {
  const epsilon = 1e-6;
  const factor = 2 * sigma ** 2;
  const schedule = { "training.epochs": `${STEPS / 5}`, "training.learningRate": "0.001" }; // five batches an epoch
  const gaussian = tinyTraining({
    ...schedule,
    "likelihood.sigma": `${sigma}`,
    "training.optimizer.epsilon": `${epsilon}`,
  });
  const sse = tinyTraining({
    ...schedule,
    "likelihood.kind": "hybrid",
    "likelihood.ceWeight": "0",
    "likelihood.mseWeight": "1",
    "objective.beta": `${factor}`,
    "training.optimizer.epsilon": `${epsilon * factor}`,
  });
  for (const { run, options } of [gaussian, sse]) {
    await run();
    expect(options.state.step).toBe(STEPS);
  }

  const others = new Map(sse.vae.parameters);
  let [difference, moved] = [0, 0];
  const fresh = new Map(tinyTraining(schedule).vae.parameters);
  for (const [name, variable] of gaussian.vae.parameters) {
    const [a, b, start] = [variable, others.get(name)!, fresh.get(name)!].map((v) => v.dataSync());
    a!.forEach((value, i) => {
      difference = Math.max(difference, Math.abs(value - b![i]!));
      moved = Math.max(moved, Math.abs(value - start![i]!));
    });
  }
  expect(difference).toBeLessThan(1e-5);
  expect(moved).toBeGreaterThan(0.05);

  const { dataset, coding } = gaussian;
  const density = await estimateElbo(gaussian.runner, dataset.test, coding);
  const loss = await estimateElbo(sse.runner, dataset.test, coding);
  const constant = (D / 2) * Math.log(2 * Math.PI * sigma ** 2);
  const bound = density.distortion + density.rate;
  expect(Math.abs((loss.distortion + factor * loss.rate) / factor + constant - bound)).toBeLessThan(
    1e-5 * Math.max(Math.abs(bound), loss.distortion / factor),
  );
});
