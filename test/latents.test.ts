import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { type Encodings, encodeSplit } from "../src/evaluation/encodings.ts";
import { estimateLatents, latentHealth } from "../src/evaluation/latents.ts";
import { assessRepresentation, estimateRepresentation } from "../src/evaluation/representation.ts";
import { fitSoftmax, type Labelled } from "../src/evaluation/softmaxRegression.ts";
import { activeText, latentLines } from "../src/reporting/latentText.ts";
import { RandomStream } from "../src/tensors/random.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { tinyDigits, tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const atOnce = async () => {};
const NORMAL = { hasNormalPrior: true };

/** E[z_d|x] ~ N(0, spread_d²) over images and Var[z_d|x] = noise_d², as the posterior of a linear-Gaussian model has it. */
function linearGaussian(count: number, spread: readonly number[], noise: readonly number[]): Encodings {
  const d = spread.length;
  const random = new RandomStream("linear-Gaussian");
  const each = (value: (k: number) => number) =>
    Float32Array.from({ length: count * d }, (_, n) => value(n % d));
  const mean = each((k) => spread[k]! * random.normal());
  const logVar = each((k) => 2 * Math.log(noise[k]!));
  const t = random.normals(count * d);
  const z = mean.map((value, n) => value + noise[n % d]! * t[n]!);
  const logNormal = (value: number) => -0.5 * (value ** 2 + Math.log(2 * Math.PI));
  const rows = (value: (n: number) => number) =>
    Float32Array.from({ length: count }, (_, i) =>
      Array.from({ length: d }, (_, k) => value(i * d + k)).reduce((a, b) => a + b),
    );
  return {
    count,
    latentDim: d,
    mean,
    logVar,
    z,
    logPosterior: rows((n) => logNormal(t[n]!) - 0.5 * logVar[n]!),
    logPrior: rows((n) => logNormal(z[n]!)),
  };
}

describe("the health of a posterior", () => {
  // The posterior of a linear-Gaussian model: spread² + noise² = 1, so that the aggregated posterior is the prior.
  const model = { spread: [0.8, 0.6, 0.05], noise: [0.6, 0.8, Math.sqrt(1 - 0.05 ** 2)] };

  test("meets the closed forms of a linear-Gaussian model", async () => {
    const { spread, noise } = model;
    const found = await latentHealth(linearGaussian(4000, spread, noise), NORMAL, atOnce);
    expect(found.active).toEqual({ variance: 2, kl: 2 }); // the third: 0.0025 and 0.00125 nats
    // One standard error of a variance over 4000 images is 2.2 %.
    const shares = found.varianceOfMean.map((value, k) => value / spread[k]! ** 2);
    expectAllClose(shares, [1, 1, 1], 0.09);
    expectAllClose(
      found.klPerDimension!,
      noise.map((value) => -Math.log(value)),
      0.03,
    );
    const { aggregated } = found;
    expect(aggregated!.images).toBe(2000);
    // I(x; z) = Σ_d ½ log(1 + spread² / noise²) = −Σ log noise; of one z of 2000 images each to 0.02.
    const information = noise.reduce((sum, value) => sum - Math.log(value), 0);
    expect(Math.abs(aggregated!.mutualInformation - information)).toBeLessThan(0.08);
    expect(Math.abs(aggregated!.divergence)).toBeLessThan(0.08);
    expect(found.collapsed).toBe(false);
  });

  test("an aggregated posterior that is narrower than the prior is as far from it as its KL", async () => {
    const found = await latentHealth(linearGaussian(2000, [0.4], [0.3]), NORMAL, atOnce); // N(0, 0.5²)
    expect(Math.abs(found.aggregated!.divergence - 0.5 * (0.25 - 1 - Math.log(0.25)))).toBeLessThan(0.05);
    expect(Math.abs(found.aggregated!.mutualInformation - 0.5 * Math.log(25 / 9))).toBeLessThan(0.08);
  });

  test("the information of N images never exceeds log N, and says where it is there", async () => {
    const found = await latentHealth(linearGaussian(300, [1, 1], [1e-4, 1e-4]), NORMAL, atOnce);
    expect(found.aggregated!.mutualInformation).toBeCloseTo(Math.log(300), 3);
    expect(latentLines(found).join("\n")).toContain("log 300 = 5.70, so a lower bound here");
  });

  test("a posterior that is the prior has collapsed, and one sentence says what to do", async () => {
    const found = await latentHealth(linearGaussian(500, [0.01, 0.01], [1, 1]), NORMAL, atOnce);
    expect(found).toMatchObject({ active: { variance: 0, kl: 0 }, collapsed: true });
    expect(Math.abs(found.aggregated!.mutualInformation)).toBeLessThan(0.01);
    for (const text of [latentLines(found).join("\n"), activeText(found)]) {
      expect(text).toContain("The posterior has collapsed");
    }
  });

  test("under another prior there is no KL of a dimension, and all else", async () => {
    const found = await latentHealth(linearGaussian(100, [0.8], [0.6]), { hasNormalPrior: false }, atOnce);
    expect(found).not.toHaveProperty("klPerDimension");
    expect(found.active).toEqual({ variance: 1 });
    expect(found.aggregated).toBeDefined();
  });

  test.each(["standardNormal", "gaussianMixture"])(
    "of a model with %s as prior: the KL adds up to its rate",
    async (prior) => {
      const { runner, dataset, coding, vae } = tinyTraining({ "model.prior.kind": prior });
      const encodings = await encodeSplit(runner, dataset.test, coding);
      expect([encodings.mean.length, encodings.z.length]).toEqual([50 * vae.latentDim, 50 * vae.latentDim]);
      const { klPerDimension, aggregated } = await estimateLatents(runner, dataset.test, coding);
      const sampled =
        encodings.logPosterior.reduce((sum, value, i) => sum + value - encodings.logPrior[i]!, 0) / 50;
      expect(aggregated!.mutualInformation + aggregated!.divergence).toBeCloseTo(sampled, 4);
      expect(klPerDimension === undefined).toBe(prior !== "standardNormal");
    },
  );
});

describe("what latent means tell of classes", () => {
  /** K clouds of deviation 1 on a circle, a constant dimension beside. */
  function clouds(count: number, K: number, radius: number, seed: string): Labelled {
    const random = new RandomStream(seed);
    const labels = Array.from({ length: count }, (_, i) => i % K);
    const mean = Float32Array.from(
      labels.flatMap((label) => {
        const angle = (2 * Math.PI * label) / K;
        return [radius * Math.cos(angle) + random.normal(), radius * Math.sin(angle) + random.normal(), 3];
      }),
    );
    return { count, latentDim: 3, mean, labels };
  }

  test("classes that are far apart are found by both", async () => {
    const found = await assessRepresentation(
      clouds(300, 4, 20, "train"),
      clouds(200, 4, 20, "test"),
      4,
      atOnce,
    );
    expect(found.linearProbe).toEqual({ accuracy: 1, standardError: 0 });
    expect(found.nearestNeighbours).toEqual({ k: 5, accuracy: 1, standardError: 0 });
  });

  test("of two normal clouds the probe is as good as can be", async () => {
    const test = clouds(4000, 2, 1, "test");
    const { linearProbe, nearestNeighbours } = await assessRepresentation(
      clouds(2000, 2, 1, "train"),
      test,
      2,
      atOnce,
    );
    // Φ(1) = 0.8413, to four standard errors of 0.0058
    expect(Math.abs(linearProbe.accuracy - 0.8413)).toBeLessThan(0.024);
    expect(linearProbe.standardError).toBeCloseTo(Math.sqrt((0.8413 * 0.1587) / 4000), 3);
    expect(nearestNeighbours.accuracy).toBeLessThan(linearProbe.accuracy);
    expect(nearestNeighbours.accuracy).toBeGreaterThan(0.75);
  });

  test("a class within a ring of another is for neighbours only", async () => {
    const ring = (count: number, seed: string): Labelled => {
      const outer = clouds(count, count, 10, seed);
      const mean = outer.mean.map((value, n) =>
        n % 3 === 2 || Math.floor(n / 3) % 2 === 0 ? value : value / 20,
      );
      return { ...outer, mean, labels: Array.from({ length: count }, (_, i) => i % 2) };
    };
    const found = await assessRepresentation(ring(400, "train"), ring(400, "test"), 2, atOnce);
    expect(found.nearestNeighbours.accuracy).toBeGreaterThan(0.99);
    expect(found.linearProbe.accuracy).toBeLessThan(0.8);
  });

  test("fits again the same, and few images", async () => {
    const predict = await fitSoftmax(clouds(3, 3, 20, "few"), 3, atOnce);
    const { mean } = clouds(3, 3, 20, "few");
    expect([0, 1, 2].map((i) => predict(mean.subarray(3 * i, 3 * i + 3)))).toEqual([0, 1, 2]);
  });

  test("of digits, which a trained encoder tells apart better than chance; none for training images", async () => {
    const dataset = tinyDigits(500, 100);
    const { runner, coding, run } = tinyTraining(
      { "likelihood.kind": "bernoulli", "training.epochs": "10", "training.learningRate": "0.005" },
      { dataset },
    );
    await run();
    const found = await estimateRepresentation(runner, dataset, "test", coding);
    expect([found!.fittedImages, found!.images]).toEqual([500, 100]);
    expect(found!.linearProbe.accuracy).toBeGreaterThan(0.3); // of ten classes
    expect(found!.nearestNeighbours.accuracy).toBeGreaterThan(0.3);
    expect(await estimateRepresentation(runner, dataset, "train", coding)).toBeUndefined();
    const unlabelled = { ...dataset, test: { ...dataset.test, columns: { x: dataset.test.columns["x"]! } } };
    expect(await estimateRepresentation(runner, unlabelled, "test", coding)).toBeUndefined();
  });
});
