import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { conditionOf, conditionSchema, observed } from "../src/conditions/index.ts";
import { loadConfig } from "../src/config/load.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { type Field, fieldOf, fieldSize } from "../src/data/field.ts";
import { imageFields } from "../src/data/images.ts";
import { estimateElbo } from "../src/evaluation/bounds.ts";
import { checkNoise } from "../src/evaluation/calibration.ts";
import { estimateNll } from "../src/evaluation/importance.ts";
import { estimateLatents } from "../src/evaluation/latents.ts";
import { drawGiven, observationsAt, predict } from "../src/evaluation/observations.ts";
import { estimatePrediction } from "../src/evaluation/predictive.ts";
import { isOfDensity, type Runner } from "../src/evaluation/runner.ts";
import { sampledKl } from "../src/model/distributions/kl.ts";
import { models } from "../src/model/index.ts";
import type { Model } from "../src/model/model.ts";
import { hasLatents, type Vae } from "../src/model/vae.ts";
import { objectiveFor } from "../src/objectives/forModel.ts";
import { checkObjective, createObjective } from "../src/objectives/index.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { tinyDigits, tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

const random = new RandomStream("conditional");
const fields = imageFields([6, 4, 1], 3);
const y: Field = { name: "y", kind: "real", shape: [3, 2, 1], show: "image" };
const D = 24;

const configOf = (settings: Record<string, string>) =>
  loadConfig(
    undefined,
    new Map(Object.entries({ "model.network.hidden": "9", "model.conditionFeatures": "5", ...settings })),
  );

function build(given: Field, settings: Record<string, string>): Model {
  const config = configOf(settings);
  const data = { fields: { ...fields, [given.name]: given }, averageX: new Float32Array(D).fill(0.3), given };
  return models.of(config.model).create(config, data, random);
}

const conditionalVae = { "model.latentDim": "3", "model.prior.kind": "conditionalGaussian" };

describe("a VAE with a condition", () => {
  /** The weights that start at zero are those of p(z|y); with others it differs between y. */
  function withAnyWeights(vae: Model): Vae {
    for (const [name, variable] of vae.parameters) {
      if (!name.startsWith("prior.")) continue;
      const values = random.fork(name).normals(variable.size);
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    return vae as Vae;
  }

  test.each([
    ["an image", y, { "model.network.kind": "conv", "model.network.channels": "4" }],
    ["an image through dense layers", y, {}],
    ["a class", fieldOf(fields, "label"), {}],
  ] as const)("reads %s in q, in p(z|y) and in the decoder, each row its own", (_, given, settings) => {
    const vae = withAnyWeights(build(given, { ...conditionalVae, ...settings }));
    tf.tidy(() => {
      const M = given.kind === "class" ? 3 : 6;
      const one = tf.tensor2d(random.fork("a").uniforms(M), [1, M]);
      const two = tf.tensor2d(random.fork("b").uniforms(M), [1, M]);
      const x = tf.tensor2d(random.uniforms(D), [1, D]);
      const z = tf.tensor2d(random.normals(3), [1, 3]);
      const numbers = (tensor: tf.Tensor) => [...tensor.dataSync()];
      const of = (y: tf.Tensor2D) => [
        numbers(vae.encode(x, y).mean()),
        numbers(vae.priorOf(y).mean()),
        numbers(vae.decode(z, y)),
      ];
      for (const [i, values] of of(one).entries()) expect(values).not.toEqual(of(two)[i]);
      // Row k·B + b belongs to y_b.
      const both = tf.concat([one, two], 0) as tf.Tensor2D;
      const decoded = numbers(vae.decode(tf.tile(z, [6, 1]), both));
      const expected = [0, 1, 2].flatMap(() => [of(one)[2]!, of(two)[2]!]).flat();
      expectAllClose(decoded, expected, 1e-5);
    });
    vae.parameters.dispose();
  });

  test("its rate is the mean of log q(z|x, y) − log p(z|y), and no KL is below 0", () => {
    const vae = withAnyWeights(build(y, conditionalVae));
    const [B, K] = [2, 4000];
    tf.tidy(() => {
      const inputs = {
        x: tf.tensor2d(random.uniforms(B * D), [B, D]),
        y: tf.tensor2d(random.uniforms(B * 6), [B, 6]),
        posterior: tf.tensor2d(random.normals(K * B * 3), [K * B, 3]),
      };
      const { q, prior, z, rate } = vae.forward(inputs, K);
      const drawn = tf.reshape(sampledKl(q, prior, z), [K, B]);
      const { mean, variance } = tf.moments(drawn, 0);
      const [means, spreads] = [mean.dataSync(), variance.dataSync()];
      for (const [b, value] of [...rate.dataSync().subarray(0, B)].entries()) {
        expect(value).toBeGreaterThan(0);
        expect(Math.abs(means[b]! - value)).toBeLessThan(4 * Math.sqrt(spreads[b]! / K)); // seeded
      }
    });
    vae.parameters.dispose();
  });

  test.each<[string, Record<string, string>]>([
    ["vae", conditionalVae],
    ["vae", { "model.latentDim": "3", "model.network.kind": "conv", "model.network.channels": "4" }],
    ["regression", { "model.kind": "regression" }],
  ])("the size of a %s is that of the model: %j", (_, settings) => {
    const config = configOf(settings);
    const size = models.of(config.model).size(config, { fields: { ...fields, y }, given: y });
    const model = build(y, settings);
    const ofLikelihood = model.parameters.names.filter((name) => name.startsWith("likelihood.")).length;
    expect(size.weights).toBe(model.parameters.count - ofLikelihood);
    model.parameters.dispose();
  });

  test("what needs a y, and what cannot have one, say so", () => {
    const create = (settings: Record<string, string>, given?: Field) => {
      const config = configOf(settings);
      const data = { fields, averageX: new Float32Array(D), ...(given && { given }) };
      return () => models.of(config.model).create(config, data, random);
    };
    expect(create({ "model.kind": "regression" })).toThrow(/there is no y. condition.kind says what y is/);
    expect(create({ "model.prior.kind": "conditionalGaussian" })).toThrow(/p\(z\|y\), and there is no y/);
    expect(create({ "model.prior.kind": "vamp" }, y)).toThrow(/would need a y of their own/);
  });

  test("training lowers its loss, and its NLL is below its bound", async () => {
    const dataset = await withCondition(tinyDigits(200, 40), { kind: "downsample", factor: 4 });
    const settings = {
      "condition.kind": "downsample",
      "model.prior.kind": "conditionalGaussian",
      "likelihood.kind": "bernoulli",
    };
    const { run, events, runner, vae, coding } = tinyTraining(settings, { dataset });
    await run();
    const losses = events.flatMap((event) => (event.type === "epoch" ? [event.validation.loss] : []));
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    const { distortion, rate } = await estimateElbo(runner, dataset.test, coding);
    const { nll } = await estimateNll(runner, dataset.test, coding, { k: 50 });
    expect(nll).toBeLessThan(distortion + rate);
    const health = await estimateLatents(runner as Runner & { model: Vae }, dataset.test, coding);
    expect([health.aggregated, health.klPerDimension]).toEqual([undefined, undefined]);
    const given = observationsAt(dataset.test, vae, [3, 0], "test");
    expect(given.names).toEqual(["test 3", "test 0"]);
    expect([...given.set.columns["y"]!.subarray(0, 49)]).toEqual([
      ...dataset.test.columns["y"]!.subarray(3 * 49, 4 * 49),
    ]);
    const { mean, std } = await predict(vae, given, 4, random);
    expect([mean.length, std.length]).toEqual([2 * 784, 2 * 784]);
    const draws = [
      await drawGiven(vae, given, random.fork(1), "mean"),
      await drawGiven(vae, given, random.fork(2), "mean"),
    ];
    expect(draws[0]).not.toEqual(draws[1]);
  });
});

async function withCondition(dataset: Dataset, settings: object): Promise<Dataset> {
  const condition = conditionOf(conditionSchema.parse(settings), fieldOf(dataset.fields, "x"))!;
  return observed(dataset, condition, { random: new RandomStream("condition"), turn: async () => {} });
}

describe("a regression", () => {
  test("is asked for no more than it has", async () => {
    const { vae: model } = tinyTraining({ "model.kind": "regression", "condition.kind": "label" });
    expect(hasLatents(model)).toBe(false);
    for (const [config, told] of [
      [{ kind: "iwae", samples: 5 }, /objective.kind is iwae, and the model has no latent/],
      [{ kind: "elbo", samples: 3 }, /objective.samples is 3/],
      [{ kind: "elbo", warmup: 2 }, /objective.warmup is set/],
    ] as const) {
      const objective = createObjective(
        configOf({}).objective.kind === "elbo"
          ? ({ beta: 1, warmup: 0, cycles: 1, rampShare: 0.5, samples: 1, ...config } as never)
          : (config as never),
      );
      expect(() => checkObjective(objective, model)).toThrow(told);
    }
    const { loss, quantities } = objectiveFor(configOf({}).objective, model);
    expect(loss).toEqual([{ quantity: "distortion" }]);
    expect(quantities.map(({ formula }) => formula)).toEqual(["−log p(x|y)"]);
  });

  test("predicts better than its classical method, which better than nothing, and with the right intervals", async () => {
    const condition = conditionSchema.parse({ kind: "downsample", factor: 2 });
    const dataset = await withCondition(tinyDigits(200, 60), condition);
    const settings = {
      "model.kind": "regression",
      "condition.kind": "downsample",
      "condition.factor": "2",
      "model.network.hidden": "64",
      "training.epochs": "16",
      "training.learningRate": "0.003",
      "likelihood.sigma": "shared",
    };
    const { run, runner, vae: model, coding } = tinyTraining(settings, { dataset });
    const operator = conditionOf(condition, fieldOf(dataset.fields, "x"))!;
    await run();
    const found = await estimatePrediction(runner, dataset.test, coding, operator, 60);
    const black = Array.from(dataset.test.columns["x"]!.subarray(0, 60 * 784), (v) => (v / 255) ** 2);
    const mean = black.reduce((sum, square) => sum + square, 0) / black.length;
    expect(found.baseline!.rmse).toBeLessThan(Math.sqrt(mean));
    expect(found.model.rmse ** 2).toBeCloseTo(found.squaredErrors.reduce((a, b) => a + b) / 60, 10);
    expect(found.model.psnr).toBeCloseTo(-20 * Math.log10(found.model.rmse), 10);
    expect([found.images, found.draws, found.diversity]).toEqual([60, 1, 0]);
    expect(found.truthConsistency!).toBeLessThan(1e-6); // nothing is added to y
    expect(found.baseline!.consistency!).toBeGreaterThan(0);
    expect(found.coverage!.map(({ observed }) => observed)).toEqual(
      [...found.coverage!.map(({ observed }) => observed)].toSorted(),
    );
    if (!isOfDensity(runner)) throw new Error("a Gaussian is a density");
    const noise = await checkNoise(runner, { checked: dataset.test, train: dataset.train }, coding);
    // Without a latent both look at p(x|y), on other numbers of images.
    const [fifty, same] = [found.coverage![0]!.observed, noise.coverage[0]!.observed];
    expect(Math.abs(fifty - same)).toBeLessThan(0.03);
    expect(fieldSize(model.given!)).toBe(196);
  }, 60_000);
});
