import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { imageFields, imageSplit } from "../src/data/images.ts";
import { estimateElbo } from "../src/evaluation/bounds.ts";
import { checkNoise } from "../src/evaluation/calibration.ts";
import { estimateLevels } from "../src/evaluation/levels.ts";
import { drawSamples } from "../src/evaluation/pictures.ts";
import { isOfDensity } from "../src/evaluation/runner.ts";
import { summarise } from "../src/evaluation/summary.ts";
import { erf } from "../src/tensors/hostMath.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

/** A model whose decoder says the same of every pixel of every image, and images that are drawn so: N(0.5, 0.1²). */
function noise(likelihood: Record<string, string>) {
  const random = new RandomStream("noise");
  const images = (count: number) =>
    imageSplit(
      count,
      Uint8Array.from({ length: 784 * count }, () =>
        Math.max(0, Math.min(255, Math.floor(256 * (0.5 + 0.1 * random.normal())))),
      ),
    );
  const dataset = {
    name: "noise",
    fields: imageFields([28, 28, 1]),
    train: images(200),
    validation: images(20),
    test: images(100),
    hashes: {},
  };
  const { vae, runner, coding } = tinyTraining(likelihood, { dataset });
  for (const [name, variable] of vae.parameters) {
    if (!name.startsWith("decoder.")) continue;
    tf.tidy(() => variable.assign(tf.zerosLike(variable)));
  }
  if (!isOfDensity(runner)) throw new Error(`${likelihood["likelihood.kind"]} is no density`);
  return { vae, runner, dataset, coding };
}

describe("check of the noise", () => {
  // 78,400 values: shares are good to 0.002, a standard deviation to 0.0025 (one standard error); bounds are four.
  test("finds noise that is as assumed", async () => {
    const { runner, dataset, coding } = noise({
      "likelihood.sigma": "0.1",
      "dataset.pixels": "gray-dequantized",
    });
    const found = await checkNoise(runner, { checked: dataset.test, train: dataset.train }, coding);
    expect(found.images).toBe(100);
    expect([found.pit.length, found.coverage.length]).toEqual([20, 3]);
    for (const share of found.pit) expect(Math.abs(share - 0.05)).toBeLessThan(4 * 0.0008);
    for (const { nominal, observed } of found.coverage)
      expect(Math.abs(observed - nominal)).toBeLessThan(0.008);
    expectAllClose([found.residuals.mean, found.residuals.standardDeviation], [0, 1], 0.015);
    expectAllClose([found.residuals.skewness, found.residuals.kurtosis], [0, 3], 0.04);
    expect(found.residuals.histogram.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    expect(found.scaleFit!.factor).toBeCloseTo(1, 2);
    expect(Math.abs(found.scaleFit!.gain)).toBeLessThan(0.2);
  });

  test("finds a σ that is half of what it should be, and what that costs", async () => {
    const { runner, dataset, coding } = noise({
      "likelihood.sigma": "0.05",
      "dataset.pixels": "gray-dequantized",
    });
    const found = await checkNoise(runner, { checked: dataset.test, train: dataset.train }, coding);
    expect(found.residuals.standardDeviation).toBeCloseTo(2, 1);
    expect(found.coverage[2]!.observed).toBeCloseTo(0.673, 2); // P(|N(0, 1)| < 1.96 / 2)
    expect(found.pit[0]).toBeGreaterThan(0.15);
    expect(found.scaleFit!.factor).toBeCloseTo(2, 1);
    // log N(x; 0.1) − log N(x; 0.05) = −log 2 + ½ (4 − 1) on average
    expect(found.scaleFit!.gain / 784).toBeCloseTo(-Math.LN2 + 1.5, 1);
  });

  test("draws within the jumps of a discrete likelihood", async () => {
    const { runner, dataset, coding } = noise({ "likelihood.kind": "categorical", "likelihood.levels": "4" });
    const found = await checkNoise(runner, { checked: dataset.test, train: dataset.train }, coding);
    // The model says 1/4 to each level, the data are on the middle two but for 1.2 %: two bumps of the PIT.
    expect(found.pit[0]! + found.pit[19]!).toBeLessThan(0.01);
    expect(found.pit.slice(5, 15).reduce((a, b) => a + b)).toBeGreaterThan(0.98);
    expect(found.scaleFit).toBeUndefined();
  });
});

describe("the common scale of 256 levels", () => {
  const normalCdf = (t: number) => 0.5 * (1 + erf(t * Math.SQRT1_2));

  test.each([
    { coding: "gray", edge: (v: number) => (v - 0.5) / 255 },
    { coding: "gray-dequantized", edge: (v: number) => v / 256 },
  ])("is the probability of the bytes: $coding", async ({ coding: pixels, edge }) => {
    const { runner, dataset, coding } = noise({ "likelihood.sigma": "0.1", "dataset.pixels": pixels });
    const estimate = await estimateElbo(runner, dataset.test, coding);
    const levels = await estimateLevels(runner, dataset.test, coding, estimate);
    const logProbOf = Array.from({ length: 256 }, (_, v) =>
      Math.log(
        (v === 255 ? 1 : normalCdf((edge(v + 1) - 0.5) / 0.1)) -
          (v === 0 ? 0 : normalCdf((edge(v) - 0.5) / 0.1)),
      ),
    );
    const bytes = dataset.test.columns["x"] as Uint8Array;
    const expected = bytes.reduce((sum, v) => sum - logProbOf[v]!, 0) / dataset.test.count;
    expectAllClose([levels!.distortion], [expected], 1e-6);
    expect(levels!.bitsPerDim).toBeCloseTo((expected + estimate.rate) / (784 * Math.LN2), 6);
    // The density itself is larger by the width of a bin, but for its curvature and the noise of dequantisation.
    expect(levels!.distortion).toBeCloseTo(
      estimate.distortion + 784 * Math.log(pixels === "gray" ? 255 : 256),
      -1,
    );
  });

  test("is the likelihood itself where that is on the bytes", async () => {
    const { runner, dataset, coding } = noise({ "likelihood.kind": "discretized-logistic" });
    const summary = await summarise(runner, "test", dataset.test, coding, { levels: true });
    expect(summary.levels256).toEqual({
      distortion: summary.distortion,
      elbo: summary.elbo,
      bitsPerDim: summary.bitsPerDim,
      bitsPerDimStandardError: summary.bitsPerDimStandardError,
    });
  });

  test("is not there for binary pixels or fewer levels", async () => {
    for (const likelihood of [
      { "likelihood.kind": "bernoulli" },
      { "likelihood.kind": "categorical", "likelihood.levels": "4" },
    ]) {
      const { runner, dataset, coding } = noise(likelihood as Record<string, string>);
      const summary = await summarise(runner, "test", dataset.test, coding, { levels: true });
      expect(summary).not.toHaveProperty("levels256");
    }
  });
});

test("scales at their floor are counted", async () => {
  const { vae, runner, dataset, coding } = noise({ "likelihood.sigma": "perPixel" });
  expect((await estimateElbo(runner, dataset.test, coding)).scaleAtFloor).toBe(0);
  const bias = [...vae.parameters].find(([name, v]) => name.endsWith("bias") && v.shape[0] === 2 * 784)![1];
  tf.tidy(() => bias.assign(tf.fill(bias.shape, -12)));
  expect((await estimateElbo(runner, dataset.test, coding)).scaleAtFloor).toBe(1);
});

test("a loss has no ELBO, no bits and no draws", async () => {
  const { vae, runner, dataset, coding, run, events } = tinyTraining({
    "likelihood.kind": "hybrid",
    "training.epochs": "1",
  });
  await run();
  const epoch = events.findLast((event) => event.type === "epoch")!;
  const { loss: _, quantities, ...others } = epoch.validation;
  expect([Object.keys(quantities), others]).toEqual([["distortion", "rate"], {}]);
  const summary = await summarise(runner, "test", dataset.test, coding, { levels: true });
  expect(Object.keys(summary)).toEqual([
    ...["split", "count", "samples", "distortion", "distortionStandardError", "rate", "rateStandardError"],
  ]);
  await expect(drawSamples(vae, 4, new RandomStream(0), "draw")).rejects.toThrow(/no noise to draw/);
  expect((await drawSamples(vae, 4, new RandomStream(0), "mean")).length).toBe(4 * 784);
});
