import { Matrix } from "ml-matrix";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import type { Field } from "../src/data/field.ts";
import { assessExactly, exactLinear, linearModelOf } from "../src/evaluation/exactLinear.ts";
import { estimateNll } from "../src/evaluation/importance.ts";
import { momentsOf, predictRows, quantileOf, targetsOf } from "../src/evaluation/rowPredictions.ts";
import { createRunner } from "../src/evaluation/runner.ts";
import { summarise } from "../src/evaluation/summary.ts";
import { scorePredictions } from "../src/evaluation/tableScores.ts";
import { inputsByName, onDevice } from "../src/model/inputs.ts";
import { exampleNoise } from "../src/model/noise.ts";
import { checkObjective, createObjective, objectiveSchema } from "../src/objectives/index.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { linearTable, tableModel, trainTable, withTarget } from "./helpers/tables.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

const N = 24;
const table = linearTable(N, [1, -0.5], 0.4);
const linear = { "model.network.hidden": "[]", "likelihood.sigma": "1.2", "objective.warmup": "0" };
const fixedPrior = { "model.weights.prior.learned": "false" };

const runnerOf = <M extends Parameters<typeof createRunner>[0]>(model: M) =>
  createRunner(model, { record: false, note: () => {} });

const value = (tensor: tf.Tensor) => tensor.dataSync()[0]!;

/** The terms of rows with noise that belongs to them. */
function termsOf({ model }: ReturnType<typeof tableModel>, samples: number) {
  const { x, y } = table.train.columns as Record<string, Float32Array<ArrayBuffer>>;
  const noise = exampleNoise(model.noise, { count: N, samples }, new RandomStream("terms"), 0);
  const inputs = onDevice(model, { count: N, samples, x: x!, y: y!, ...noise });
  return model.terms(inputsByName(model, inputs), samples);
}

describe("the rate", () => {
  const settings = { ...fixedPrior, "model.network.hidden": "[3]", "model.weights.prior.scale": "[0.7, 2]" };

  test("is KL(q(w) ‖ p(w)) / N of independent weights, with the prior's scale by the inputs of a layer", () => {
    const built = tableModel(table, settings);
    let kl = 0;
    for (const [layer, [from, s]] of [
      ["hidden0", [2, 0.7]],
      ["output", [3, 2]],
    ] as const) {
      for (const [part, scale] of [
        ["kernel", s / Math.sqrt(from)],
        ["bias", s],
      ] as const) {
        const of = (name: string) =>
          new Map(built.model.parameters).get(`network.${layer}.${name}`)!.dataSync();
        const [mean, logDeviation] = [of(part), of(`${part}LogDeviation`)];
        for (const [i, m] of mean.entries()) {
          const deviation = Math.exp(logDeviation[i]!);
          kl += (deviation ** 2 + m ** 2) / (2 * scale ** 2) - 0.5 - Math.log(deviation / scale);
        }
      }
    }
    const { rate, count } = termsOf(built, 1);
    expect(count).toBe(N);
    expectAllClose(rate.dataSync(), new Array(N).fill(kl / N), 1e-5);
  });

  test("is that of a full covariance, and −log p(w) of a point", () => {
    const full = tableModel(table, {
      ...settings,
      ...linear,
      "model.weights.posterior.kind": "fullLastLayer",
      "model.weights.prior.scale": "0.7",
    });
    const { model } = full;
    const [moments] = model.moments();
    const mean = Array.from(moments!.mean.dataSync());
    const covariance = Matrix.from1DArray(3, 3, Array.from(moments!.covariance!.dataSync()));
    const scales = [0.7 / Math.SQRT2, 0.7 / Math.SQRT2, 0.7];
    const kl =
      0.5 *
      (scales.reduce(
        (sum, s, i) => sum + (covariance.get(i, i) + mean[i]! ** 2) / s ** 2 + 2 * Math.log(s),
        0,
      ) -
        3 -
        Math.log(covariance.to2DArray().length === 3 ? determinant(covariance) : Number.NaN));
    expect(value(model.weightRate())).toBeCloseTo(kl, 4);

    const point = tableModel(table, {
      ...settings,
      ...linear,
      "model.weights.posterior.kind": "point",
      "model.weights.prior.scale": "0.7",
    });
    const [{ mean: w, deviation }] = point.model.moments() as [{ mean: tf.Tensor; deviation?: tf.Tensor }];
    expect(deviation).toBeUndefined();
    const minusLogPrior = Array.from(w.dataSync()).reduce(
      (sum, v, i) =>
        sum + v ** 2 / (2 * scales[i]! ** 2) + Math.log(scales[i]!) + 0.5 * Math.log(2 * Math.PI),
      0,
    );
    expect(value(point.model.weightRate())).toBeCloseTo(minusLogPrior, 4);
  });
});

const determinant = (m: Matrix) =>
  m.get(0, 0) * (m.get(1, 1) * m.get(2, 2) - m.get(1, 2) * m.get(2, 1)) -
  m.get(0, 1) * (m.get(1, 0) * m.get(2, 2) - m.get(1, 2) * m.get(2, 0)) +
  m.get(0, 2) * (m.get(1, 0) * m.get(2, 1) - m.get(1, 1) * m.get(2, 0));

test.each(["local", "flipout"])(
  "drawn by %s, a linear layer gives x·μ with the variance of its weights, anew for each row",
  (estimator) => {
    const built = tableModel(table, { ...linear, "model.weights.posterior.estimator": estimator });
    const { model } = built;
    for (const [name, variable] of model.parameters) {
      if (name.endsWith("LogDeviation"))
        tf.tidy(() => variable.assign(tf.fill(variable.shape, Math.log(0.5))));
    }
    const S = 3000;
    const decoded = termsOf(built, S).decoded.dataSync();
    const mean = Array.from(model.moments()[0]!.mean.dataSync());
    const x = table.train.columns["x"]!;
    let products = 0;
    for (let i = 0; i < 4; i++) {
      const expected = mean[0]! * x[2 * i]! + mean[1]! * x[2 * i + 1]! + mean[2]!;
      const variance = 0.25 * (x[2 * i]! ** 2 + x[2 * i + 1]! ** 2 + 1);
      const draws = Array.from({ length: S }, (_, s) => decoded[s * N + i]! - expected);
      const average = draws.reduce((sum, d) => sum + d, 0) / S;
      // Four standard errors: failure rate 6e-5 for each, once and for all as they are seeded.
      expect(Math.abs(average)).toBeLessThan(4 * Math.sqrt(variance / S));
      const spread = draws.reduce((sum, d) => sum + d ** 2, 0) / S;
      expect(Math.abs(spread / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / S));
      const next = Array.from({ length: S }, (_, s) => decoded[s * N + i + 4]!);
      const center = next.reduce((sum, d) => sum + d, 0) / S;
      products += draws.reduce((sum, d, s) => sum + d * (next[s]! - center), 0) / S;
    }
    expect(Math.abs(products / 4)).toBeLessThan(0.05); // rows are uncorrelated
  },
);

test("batches are unbiased: the mean of their losses is the loss of all rows", () => {
  const built = tableModel(table, { ...linear, "model.weights.posterior.kind": "point" });
  const { rate, logLikelihood } = termsOf(built, 1);
  const all = Array.from(logLikelihood.dataSync(), (l, i) => rate.dataSync()[i]! - l);
  const half = (from: number) => all.slice(from, from + N / 2).reduce((sum, l) => sum + l, 0) / (N / 2);
  const whole = all.reduce((sum, l) => sum + l, 0) / N;
  expect((half(0) + half(N / 2)) / 2).toBeCloseTo(whole, 6);
  expect(N * rate.dataSync()[0]!).toBeCloseTo(value(built.model.weightRate()), 3);
});

test("numbers are in the units of the file: σ, log p(y) and RMSE", async () => {
  const { model } = tableModel(table, { ...linear, "model.weights.posterior.kind": "point" });
  const { x, y } = table.train.columns as Record<string, Float32Array>;
  const w = Array.from(model.moments()[0]!.mean.dataSync());
  const sigma = 1.2; // of y = 7 + 3 u
  const errors = Array.from(y!, (u, i) => 3 * (u - (w[0]! * x![2 * i]! + w[1]! * x![2 * i + 1]! + w[2]!)));
  const logs = errors.map((e) => -0.5 * (e / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI));
  const scores = await scorePredictions(runnerOf(model), table.test);
  expect(scores.logLikelihood).toBeCloseTo(logs.reduce((sum, l) => sum + l, 0) / N, 4);
  if (scores.kind !== "regression") throw new Error("numbers");
  expect(scores.rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, e) => sum + e ** 2, 0) / N), 4);
  expect(value(model.likelihood.sigma!() as tf.Tensor)).toBeCloseTo(sigma, 5);
  expectAllClose(
    targetsOf(table.test, model.target),
    Array.from(y!, (u) => 7 + 3 * u),
    1e-6,
  );
  expect(scores.draws).toBe(1);
});

test("where nothing is held out the last epoch is the best, else that of the lowest validation loss", async () => {
  const settings = { ...linear, "training.epochs": "4", "training.passesPerEpoch": "1" };
  const climbing = { ...settings, "training.learningRate": "5", "training.schedule": "constant" };
  expect((await trainTable(table, climbing)).state.best!.epoch).toBe(4);
  const held = { ...table, validation: { ...table.train } };
  expect((await trainTable(held, climbing)).state.best!.epoch).toBeLessThan(4);
});

describe("a mixture", () => {
  const M = 3;
  const settings = {
    ...fixedPrior,
    "model.network.hidden": "[4]",
    "model.weights.posterior.kind": "mixture",
    "model.weights.posterior.components": String(M),
  };
  const components = ({ model }: ReturnType<typeof tableModel>) =>
    Array.from({ length: M }, (_, m) => model.moments(m));

  test("has as rate the mean of its components' KL, each from weights of its own", () => {
    const built = tableModel(table, settings);
    const scales = built.model
      .priors()
      .map(({ kernel, bias }) => [Math.exp(value(kernel)), Math.exp(value(bias))] as const);
    const kls = components(built).map((layers) =>
      layers.reduce((sum, { mean, deviation }, i) => {
        const [from, to] = built.model.layers[i]!;
        const deviations = deviation!.dataSync();
        return Array.from(mean.dataSync()).reduce((kl, m, j) => {
          const s = scales[i]![j < from * to ? 0 : 1];
          const d = deviations[j]!;
          return kl + (d ** 2 + m ** 2) / (2 * s ** 2) - 0.5 - Math.log(d / s);
        }, sum);
      }, 0),
    );
    expect(new Set(kls.map((kl) => kl.toFixed(3))).size).toBe(M);
    expect(value(built.model.weightRate())).toBeCloseTo(kls.reduce((sum, kl) => sum + kl, 0) / M, 3);
  });

  test("gives sample k of a row what component k mod M says of it", () => {
    const built = tableModel(table, settings);
    for (const [name, variable] of built.model.parameters) {
      if (name.endsWith("LogDeviation")) tf.tidy(() => variable.assign(tf.fill(variable.shape, -30)));
    }
    const { x } = table.train.columns as Record<string, Float32Array>;
    const networks = components(built).map((layers) => layers.map(({ mean }) => mean.arraySync()));
    const said = (layers: number[][][], i: number) => {
      let h = [x![2 * i]!, x![2 * i + 1]!];
      for (const [l, w] of layers.entries()) {
        const sums = w.at(-1)!.map((bias, j) => h.reduce((sum, v, k) => sum + v * w[k]![j]!, bias));
        h = l < layers.length - 1 ? sums.map((v) => Math.max(0, v)) : sums;
      }
      return h[0]!;
    };
    for (const samples of [M, 3 * M]) {
      const decoded = termsOf(built, samples).decoded.dataSync();
      const expected = Array.from({ length: samples * N }, (_, row) =>
        said(networks[Math.floor(row / N) % M]!, row % N),
      );
      expectAllClose(decoded, expected, 1e-4, 1);
    }
  });

  test("is drawn from in multiples of its components, in training and in predictions", async () => {
    const { model, objective } = tableModel(table, { ...settings, "objective.samples": "4" });
    expect(objective.samples).toBe(6);
    const scores = await scorePredictions(runnerOf(model), table.test, 10);
    expect(scores).toMatchObject({ draws: 12, networks: M });
  });
});

describe("Bayesian linear regression", () => {
  const training = {
    "training.batchSize": String(N),
    "training.epochs": "1",
    "training.passesPerEpoch": "700",
    "training.learningRate": "0.05",
    "objective.samples": "16",
  };

  test("with full covariance reaches the exact posterior, and its bound the evidence", async () => {
    const { model } = await trainTable(table, {
      ...linear,
      ...fixedPrior,
      ...training,
      "model.weights.posterior.kind": "fullLastLayer",
    });
    const { comparison } = (await assessExactly(model, "gaussian", { train: table.train, set: table.test }))!;
    expect(comparison.gap).toBeLessThan(0.01);
    expect(comparison.meanError).toBeLessThan(0.05);
    expect(comparison.covarianceError).toBeLessThan(0.03);
    expect(comparison.elbo + comparison.gap).toBeCloseTo(comparison.logEvidence, 6);
    // The estimator says the same, within four errors of its draws.
    const estimate = await summarise(runnerOf(model), "train", table.train, "gray", {
      levels: false,
      samples: 400,
    });
    const estimated = -N * (estimate.distortion + estimate.rate);
    expect(Math.abs(estimated - comparison.elbo)).toBeLessThan(4 * N * estimate.elboDrawError! + 1e-3);
  });

  test("with independent weights has the gap of the best of them", async () => {
    const { model } = await trainTable(table, { ...linear, ...fixedPrior, ...training });
    const { comparison } = (await assessExactly(model, "gaussian", { train: table.train, set: table.test }))!;
    expect(comparison.meanFieldGap).toBeGreaterThan(0.2);
    expect(Math.abs(comparison.gap / comparison.meanFieldGap - 1)).toBeLessThan(0.02);
    for (const { deviation, meanFieldDeviation, exactDeviation } of comparison.weights) {
      expect(Math.abs(deviation / meanFieldDeviation - 1)).toBeLessThan(0.03);
      expect(meanFieldDeviation).toBeLessThan(exactDeviation * 1.0001);
    }
  });

  test("of a point is ridge regression", async () => {
    const { model } = await trainTable(table, {
      ...linear,
      ...fixedPrior,
      ...training,
      "objective.samples": "1",
      "training.finalLearningRate": "0.000001",
      "model.weights.posterior.kind": "point",
    });
    const [{ mean }] = model.moments() as [{ mean: tf.Tensor }];
    const N0 = Matrix.zeros(3, 3);
    const priors = model
      .priors()
      .map(({ kernel, bias }) => [Math.exp(2 * value(kernel)), Math.exp(2 * value(bias))]);
    const [kernel, bias] = priors[0] as [number, number];
    const of = {
      sigma: 1.2 / 3,
      priorVariances: [kernel, kernel, bias],
      mean: [0, 0, 0],
      covariance: N0,
      deviation: 3,
    };
    expectAllClose(mean.dataSync(), exactLinear(table.train, model, of).mean, 1e-4, 1);
  });
});

test("a Gaussian prior is an L2 penalty: λ = σ² / (N s²) on the mean squared error, from one seed the same weights", async () => {
  const [sigma, s, rate, steps] = [0.4, 0.8, 0.05, 30]; // in units of what is stored
  const { model } = await trainTable(table, {
    ...linear,
    "likelihood.sigma": String(3 * sigma),
    ...fixedPrior,
    "model.weights.prior.fanIn": "false",
    "model.weights.prior.scale": String(s),
    "model.weights.posterior.kind": "point",
    "training.optimizer.kind": "sgd",
    "training.optimizer.momentum": "0",
    "training.schedule": "constant",
    "training.learningRate": String(rate * 2 * sigma ** 2),
    "training.batchSize": String(N),
    "training.epochs": "1",
    "training.passesPerEpoch": String(steps),
  });
  const start = tableModel(table, { ...linear, "model.weights.posterior.kind": "point" });
  const w = Array.from(start.model.moments()[0]!.mean.dataSync());
  const { x, y } = table.train.columns as Record<string, Float32Array>;
  const lambda = sigma ** 2 / (N * s ** 2);
  for (let step = 0; step < steps; step++) {
    const slope = w.map((v) => 2 * lambda * v);
    for (let i = 0; i < N; i++) {
      const row = [x![2 * i]!, x![2 * i + 1]!, 1];
      const error = row.reduce((sum, v, d) => sum + v * w[d]!, -y![i]!);
      for (const [d, v] of row.entries()) slope[d]! += (2 * error * v) / N;
    }
    for (const [d, v] of slope.entries()) w[d]! -= rate * v;
  }
  expectAllClose(model.moments()[0]!.mean.dataSync(), w, 1e-5, 1);
});

describe("what is predicted", () => {
  const count: Field = { name: "y", kind: "count", shape: [1], show: "value", valueNames: ["visits"] };
  const classes: Field = {
    name: "y",
    kind: "class",
    shape: [1],
    show: "value",
    classCount: 3,
    classNames: ["a", "b", "c"],
    valueNames: ["kind"],
  };
  const counts = withTarget(
    table,
    count,
    Float32Array.from({ length: N }, (_, i) => i % 5),
  );
  const kinds = withTarget(
    table,
    classes,
    Uint8Array.from({ length: N }, (_, i) => i % 3),
  );

  test("is the mean over draws: E and var in two parts, and quantiles of the mixture", async () => {
    const { model } = tableModel(table, { "model.network.hidden": "[4]", "likelihood.sigma": "perPixel" });
    const runner = runnerOf(model);
    for await (const row of predictRows(runner, table.test, 20)) {
      const { mean, noise, weights, total } = momentsOf(row);
      expect(total).toBeCloseTo(noise + weights, 10);
      expectAllClose([mean, total], [row.distribution.mean, row.distribution.variance], 1e-6);
      expect(row.distribution.cdf(quantileOf(row, 0.9))).toBeCloseTo(0.9, 6);
      expect(row.parts).toHaveLength(20);
    }
    const scores = await scorePredictions(runner, table.test, 50);
    const nll = await estimateNll(runner, table.test, "gray", { k: 50 });
    expect(scores.logLikelihood).toBeCloseTo(-nll.nll, 4); // the same draws
  });

  test("of counts and of classes has probabilities that add up to 1", async () => {
    const ofCounts = tableModel(counts, { "likelihood.kind": "poisson" });
    for await (const { distribution } of predictRows(runnerOf(ofCounts.model), counts.test, 5)) {
      const sum = Array.from({ length: 200 }, (_, k) => Math.exp(distribution.logProb(k))).reduce(
        (a, b) => a + b,
      );
      expect(sum).toBeCloseTo(1, 6);
    }
    const ofClasses = tableModel(kinds, { "likelihood.kind": "categorical" });
    const scores = await scorePredictions(runnerOf(ofClasses.model), kinds.test, 5);
    if (scores.kind !== "classes") throw new Error("classes");
    expect(scores.accuracy).toBeGreaterThanOrEqual(0);
    expect(scores.brier).toBeLessThan(2);
    expect(scores.reliability.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10);
  });

  test.each([
    [
      table,
      { "likelihood.kind": "bernoulli" },
      /no density for y, which is a real number.*gaussian, laplace/,
    ],
    [table, { "likelihood.kind": "hybrid" }, /is a loss and no density/],
    [kinds, {}, /no density for kind, which is a class of 3. Accepted: categorical/],
    [kinds, { "likelihood.kind": "bernoulli" }, /Accepted: categorical/],
    [counts, { "likelihood.kind": "categorical" }, /poisson/],
  ] as const)("is refused where the likelihood is no density for it: %#", (dataset, settings, message) => {
    expect(() => tableModel(dataset, settings)).toThrow(message);
  });

  test("has no bound of importance weights, as all rows share the weights of the network", () => {
    const { model } = tableModel(table, {});
    const iwae = createObjective(objectiveSchema.parse({ kind: "iwae" }));
    expect(() => checkObjective(iwae, model)).toThrow(/iwae.*elbo/);
  });
});

test("σ and Λ come from the model as it is", async () => {
  const { model } = tableModel(table, { ...linear, ...fixedPrior });
  const { sigma, priorVariances, deviation } = await linearModelOf(model);
  expect(sigma).toBeCloseTo(0.4, 6);
  expect(deviation).toBe(3);
  expectAllClose(priorVariances, [0.5, 0.5, 1], 1e-6);
});
