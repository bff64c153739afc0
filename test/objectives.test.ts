import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { columnOf } from "../src/data/codedFields.ts";
import { imageFields } from "../src/data/images.ts";
import { models } from "../src/model/index.ts";
import type { Model, Terms } from "../src/model/model.ts";
import { exampleNoise, exampleNoiseInPieces, stepNoise } from "../src/model/noise.ts";
import type { Vae } from "../src/model/vae.ts";
import { createObjective, objectiveSchema, objectives } from "../src/objectives/index.ts";
import { meansByName } from "../src/objectives/means.ts";
import { controlsAt, estimate, lossOf, type Objective } from "../src/objectives/objective.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { metricsOf } from "../src/training/metrics.ts";
import { differentiate } from "../src/training/step.ts";
import { expectAllClose, finiteDifferences } from "./helpers/numerics.ts";
import { tinyConfig, tinyDigits, tinyTraining } from "./helpers/tiny.ts";
import { rows, terms as written } from "./objectives/rows.ts";

await useBackend("wasm", { threads: 1 });

test("the table has each objective", () => {
  const kinds = new Set(rows.map(({ config }) => config.kind));
  expect([...kinds].toSorted()).toEqual([...objectives.members.keys()].toSorted());
});

const B = 3;

/** The terms of the table for K samples, from values [K·B] of its three parts. */
const termsOf = (samples: number, parts: Record<keyof typeof written, tf.Tensor>): Terms => ({
  count: B,
  samples,
  decoded: tf.zeros([samples * B, 1, 1]),
  logLikelihood: parts.logLikelihood as tf.Tensor1D,
  rate: parts.rate as tf.Tensor1D,
  logPriorRatio: () => parts.logPriorRatio as tf.Tensor1D,
  ratePerDimension: () => parts.ratePerDimension as tf.Tensor2D,
});

const names = ["logLikelihood", "rate", "logPriorRatio", "ratePerDimension"] as const;

const valuesOf = (name: keyof typeof written, samples: number) =>
  Float32Array.from(written[name].slice(0, samples).flat(2));

/** [K·B] or [K·B, d] */
const tensorOf = (values: Float32Array, samples: number) =>
  values.length === samples * B
    ? tf.tensor1d(values)
    : tf.tensor2d(values, [samples * B, values.length / samples / B]);

const tabledParts = (samples: number) =>
  Object.fromEntries(names.map((name) => [name, tensorOf(valuesOf(name, samples), samples)])) as Record<
    keyof typeof written,
    tf.Tensor
  >;

const tabled = (samples: number): Terms => termsOf(samples, tabledParts(samples));

const finalControls = (objective: Objective) => controlsAt(objective, "final", 1);

const scalars = (objective: Objective) =>
  Object.values(finalControls(objective)).map((value) => tf.scalar(value));

describe.each(rows)("$name", ({ config, quantities, loss }) => {
  const objective = createObjective(config);

  test("its quantities for each example are what SciPy says", () => {
    expect(objective.quantities.map(({ name }) => name)).toEqual(Object.keys(quantities));
    const each = tf.tidy(() =>
      objective.perExample(tabled(objective.samples)).map((values) => values.dataSync()),
    );
    for (const [i, expected] of Object.values(quantities).entries()) expectAllClose(each[i]!, expected, 1e-6);
  });

  test("the loss is the weighted sum of their means, the same on device and host to the digit", () => {
    const [means, onDevice] = tf.tidy(() => {
      const result = estimate(objective, tabled(objective.samples), scalars(objective));
      return [result.means.map((mean) => mean.dataSync()[0]!), result.loss.dataSync()[0]!] as const;
    });
    expectAllClose([onDevice], [loss], 1e-6);
    const named = meansByName(objective, means);
    const controls = finalControls(objective);
    const float32 = {
      add: (a: number, b: number) => Math.fround(a + b),
      mul: (a: number, b: number) => Math.fround(a * b),
      distance: (a: number, b: number) => Math.abs(Math.fround(a - b)),
    };
    expect(lossOf(objective, named, controls, float32)).toBe(onDevice);
    // What logs say, in float64 of the same means.
    const context = { objective, kindOf: "density", D: 784 } as const;
    const metrics = metricsOf(named, controls, context);
    expectAllClose([metrics.loss], [onDevice], 2e-7);
    expect(metrics.elbo).toBe(-(named["distortion"]! + named["rate"]!));
  });

  test("the loss has the gradient of its value", () => {
    const K = objective.samples;
    for (const name of names) {
      const lossAt = (values: tf.Tensor): tf.Scalar => {
        const terms = termsOf(K, { ...tabledParts(K), [name]: values });
        return estimate(objective, terms, scalars(objective)).loss;
      };
      const at = valuesOf(name, K);
      expectAllClose(
        tf.tidy(() => {
          const { value, grad } = tf.valueAndGrad((values) =>
            tf.add<tf.Scalar>(lossAt(values), tf.mul(0, tf.sum(values))),
          )(tensorOf(at, K));
          value.dispose();
          return grad.dataSync();
        }),
        finiteDifferences((values) => tf.tidy(() => lossAt(tensorOf(values, K)).dataSync()[0]!), at, 0.25),
        2e-3,
      );
    }
  });

  test("leaves no tensors behind", () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      estimate(objective, tabled(objective.samples), scalars(objective));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("a model that lacks what an objective is made of is refused", () => {
  const { vae } = tinyTraining({}, { dataset: tinyDigits(3, 3) }); // of four latent dimensions
  const check = (config: object, model: Model) =>
    createObjective(objectiveSchema.parse(config)).check?.(model);

  test("free bits want a rate for each dimension, in whole groups", () => {
    check({ kind: "freeBits", groupSize: 2 }, vae);
    expect(() => check({ kind: "freeBits", groupSize: 3 }, vae)).toThrow(
      "objective.groupSize is 3, which does not divide model.latentDim, 4. It accepts 1, 2, 4.",
    );
    const settings = { "model.prior.kind": "gaussianMixture" };
    const { vae: other } = tinyTraining(settings, { dataset: tinyDigits(3, 3) });
    expect(() => check({ kind: "freeBits" }, other)).toThrow(/It takes model.prior.kind standardNormal/);
    check({ kind: "dreg" }, other);
  });

  test("the doubly reparameterised gradient wants a posterior that can be held fixed", () => {
    check({ kind: "dreg" }, vae);
    expect(() => check({ kind: "dreg" }, { ...vae, holdsPosterior: false })).toThrow(/objective.kind iwae/);
    check({ kind: "dreg", samples: 1 }, { ...vae, holdsPosterior: false });
  });

  test("the terms of each dimension add up to the rate", () => {
    tf.tidy(() => {
      const posterior = tf.tensor2d(new RandomStream("rates").normals(2 * B * 4), [2 * B, 4]);
      const { rate, ratePerDimension } = vae.terms({ x: tf.ones([B, 784]), posterior }, 2);
      expect(ratePerDimension!().shape).toEqual([2 * B, 4]);
      expectAllClose(tf.sum(ratePerDimension!(), 1).dataSync(), rate.dataSync(), 1e-6);
    });
  });
});

describe("K samples of an example", () => {
  const K = 8;
  const { vae, dataset } = tinyTraining({}, { dataset: tinyDigits(3, 3) });
  const noise = new RandomStream("noise").normals(K * B * vae.latentDim);
  const x = () =>
    tf.tensor2d(
      Float32Array.from(columnOf(dataset.train, vae.target), (v) => v / 255),
      [B, 784],
    );
  const noiseOf = (from: number, samples: number) => {
    const size = B * vae.latentDim;
    return tf.tensor2d(noise.subarray(size * from, size * (from + samples)), [samples * B, vae.latentDim]);
  };
  const valuesOfTerms = (from: number, samples: number) =>
    tf.tidy(() => {
      const terms = vae.terms({ x: x(), posterior: noiseOf(from, samples) }, samples);
      expect([terms.count, terms.samples]).toEqual([B, samples]);
      return [terms.logLikelihood, terms.rate, terms.logPriorRatio()].map((values) => [...values.dataSync()]);
    });

  test("row k·B + b is sample k of example b", () => {
    const all = valuesOfTerms(0, K);
    const apart = Array.from({ length: K }, (_, k) => valuesOfTerms(k, 1));
    for (const [i, values] of all.entries()) {
      expect(values).toHaveLength(K * B);
      expectAllClose(
        values,
        apart.flatMap((of) => of[i]!),
        1e-5,
      );
    }
    expect(new Set(all[0]).size).toBe(K * B); // else another order would pass
  });

  test("the ELBO of eight is the mean of eight", () => {
    const perExample = (from: number, samples: number) =>
      tf.tidy(() => {
        const objective = createObjective(objectiveSchema.parse({ kind: "elbo", samples }));
        const terms = vae.terms({ x: x(), posterior: noiseOf(from, samples) }, samples);
        return objective.perExample(terms).map((values) => [...values.dataSync()]);
      });
    const apart = Array.from({ length: K }, (_, k) => perExample(k, 1));
    for (const [i, values] of perExample(0, K).entries()) {
      const mean = values.map((_, b) => apart.reduce((sum, of) => sum + of[i]![b]! / K, 0));
      expectAllClose(values, mean, 1e-5);
    }
  });

  test("noise is drawn sample by sample; an example keeps its own however it is batched", () => {
    const draws = [{ name: "posterior", shape: [2], per: "example" }] as const;
    const random = new RandomStream("noise");
    const of = (count: number, start: number) =>
      exampleNoise(draws, { count, samples: 3 }, random, start)["posterior"]!;
    const [all, last] = [of(4, 0), of(1, 3)];
    expect([all.length, last.length]).toEqual([3 * 4 * 2, 3 * 2]);
    for (const k of [0, 1, 2]) {
      const at = 2 * (4 * k + 3); // row k·B + b
      expect(all.subarray(at, at + 2)).toEqual(last.subarray(2 * k, 2 * k + 2));
    }
    expect(new Set(all).size).toBe(all.length);
    const more = exampleNoiseInPieces(draws, 4, random, 0);
    const pieces = [more(1), more(2)].flatMap(({ posterior }) => [...posterior!]);
    expect(pieces).toEqual([...all]);
    const step = stepNoise(draws, { count: 4, samples: 3 }, random, 7)["posterior"]!;
    expect(step).toEqual(random.fork("posterior").fork(7).normals(24));
  });
});

describe("the importance-weighted bound", () => {
  test("of one sample is the ELBO, to the last digit of weights, loss and metrics, over 20 steps", async () => {
    const settings = { "training.logEvery": "1", "training.epochs": "4", "likelihood.kind": "bernoulli" };
    const elbo = tinyTraining({ ...settings, "objective.kind": "elbo" });
    const iwae = tinyTraining({ ...settings, "objective.kind": "iwae", "objective.samples": "1" });
    await elbo.run();
    await iwae.run();
    expect([elbo.options.state.step, iwae.options.state.step]).toEqual([20, 20]);
    const contents = ({ vae, optimizer }: typeof elbo) =>
      [...vae.parameters.variables, ...optimizer.state.values()].map((variable) => variable.dataSync());
    expect(contents(iwae)).toEqual(contents(elbo));
    const metrics = ({ events }: typeof elbo) =>
      events.flatMap((event) => {
        if (event.type === "step") return [event.metrics];
        return event.type === "epoch" ? [event.train, event.validation] : [];
      });
    expect(metrics(iwae)).toHaveLength(20 + 2 * 4);
    expect(metrics(iwae)).toEqual(metrics(elbo));
  });

  test("of five samples is what training makes small", async () => {
    const { run, events } = tinyTraining({ "objective.kind": "iwae", "training.epochs": "4" });
    await run();
    const epochs = events.filter((event) => event.type === "epoch");
    expect(epochs).toHaveLength(4);
    expect(epochs.at(-1)!.validation.loss).toBeLessThan(epochs[0]!.validation.loss);
    expect(Object.keys(epochs[0]!.validation.quantities)).toEqual(["importanceBound", "distortion", "rate"]);
    // It is a tighter bound than the ELBO of the same samples.
    for (const { validation } of epochs) expect(-validation.loss).toBeGreaterThan(validation.elbo!);
  });

  /**
   * p(z) = N(0, I), p(x|z) = N(zW + b, σ²): log p(x) is that of N(b, WᵀW + σ² I). The encoder gives a q(z|x) near
   * N(0, I): wider than p(z|x), so that the weights have a variance.
   */
  describe("on a linear-Gaussian model", () => {
    const [D, L, SIGMA] = [4, 2, 1];
    const config = tinyConfig({
      "model.latentDim": `${L}`,
      "model.network.hidden": "[]",
      "likelihood.sigma": `${SIGMA}`,
      "likelihood.mean": "linear",
    });
    const model = () => {
      const averageX = Float32Array.of(0.1, -0.2, 0.3, 0);
      const data = { fields: imageFields([1, D, 1]), averageX };
      const vae = models.of(config.model).create(config, data, new RandomStream("linear")) as Vae;
      const kernel = new Map(vae.parameters).get("encoder.output.kernel")!;
      tf.tidy(() => kernel.assign(tf.mul(kernel, 0.25)));
      return vae;
    };
    const images = Array.from(new RandomStream("images").normals(B * D), (value) => 0.7 * value);

    /** log p(x) of each image in float64. */
    function logEvidence(vae: ReturnType<typeof model>): number[] {
      const values = (name: string) => Array.from(new Map(vae.parameters).get(name)!.dataSync());
      const W = Matrix.from1DArray(L, D, values("decoder.output.kernel"));
      const covariance = W.transpose()
        .mmul(W)
        .add(Matrix.eye(D).mul(SIGMA ** 2));
      const residuals = Matrix.from1DArray(B, D, images).subRowVector(values("decoder.output.bias"));
      const cholesky = new CholeskyDecomposition(covariance);
      const logDet = 2 * cholesky.lowerTriangularMatrix.diagonal().reduce((sum, d) => sum + Math.log(d), 0);
      const solved = cholesky.solve(residuals.transpose()).transpose();
      return Array.from({ length: B }, (_, b) => {
        const quadratic = Matrix.rowVector(solved.getRow(b)).dot(Matrix.rowVector(residuals.getRow(b)));
        return -0.5 * (D * Math.log(2 * Math.PI) + logDet + quadratic);
      });
    }

    /** L_K of each image, so many times with noise of its own, and log w of each sample. */
    function boundOf(vae: ReturnType<typeof model>, samples: number, seed: string, copies = 1) {
      return tf.tidy(() => {
        const rows = samples * copies * B;
        const noise = tf.tensor2d(new RandomStream(`bound/${seed}`).normals(rows * L), [rows, L]);
        const x = tf.tile(tf.tensor2d(images, [B, D]), [copies, 1]);
        const terms = vae.terms({ x, posterior: noise }, samples);
        const objective = createObjective({ kind: "iwae", samples });
        const each = objective.perExample(terms);
        const named = Object.fromEntries(objective.quantities.map(({ name }, i) => [name, each[i]!]));
        const bound = lossOf(objective, named, {}, { add: tf.add, mul: tf.mul, distance: tf.sub });
        const logWeights = tf.add(terms.logLikelihood, terms.logPriorRatio());
        return { bound: Array.from(bound.dataSync(), (value) => -value), logWeights: logWeights.dataSync() };
      });
    }

    /** The gradient of −L_K by every parameter, so many times, each with noise of its own. */
    function gradientsOf(kind: "iwae" | "dreg", samples: number, copies: number) {
      const vae = model();
      const objective = createObjective({ kind, samples });
      return Array.from({ length: copies }, (_, n) => {
        const rows = samples * B;
        const noise = tf.tensor2d(new RandomStream("gradient").fork(n).normals(rows * L), [rows, L]);
        const x = tf.tensor2d(images, [B, D]);
        const { means, gradients } = differentiate(vae, objective, [x, noise], []);
        const values = gradients.map((gradient) => [...gradient.dataSync()]);
        const bound = means.dataSync()[0]!;
        tf.dispose([x, noise, means, ...gradients]);
        const of = (network: string) =>
          values.filter((_, i) => vae.parameters.names[i]!.startsWith(network)).flat();
        return { bound, encoder: of("encoder"), decoder: of("decoder") };
      });
    }

    test("doubly reparameterised, the gradient has the same expectation, and less variance for the encoder", () => {
      const COPIES = 200;
      const K = 16;
      const [plain, doubly] = [gradientsOf("iwae", K, COPIES), gradientsOf("dreg", K, COPIES)];
      // The same noise: value and decoder's gradient are the same.
      for (const n of [0, COPIES - 1]) {
        expectAllClose([doubly[n]!.bound], [plain[n]!.bound], 1e-6);
        expectAllClose(doubly[n]!.decoder, plain[n]!.decoder, 1e-5);
      }
      const components = [...plain[0]!.encoder.keys()];
      expect(components).toHaveLength(D * 2 * L + 2 * L);
      const momentsOf = (values: number[]) => {
        const mean = values.reduce((sum, value) => sum + value / COPIES, 0);
        return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2 / (COPIES - 1), 0) };
      };
      let [before, after] = [0, 0];
      for (const i of components) {
        const difference = momentsOf(plain.map(({ encoder }, n) => encoder[i]! - doubly[n]!.encoder[i]!));
        // By chance at four standard errors: 6e-5 for each of 20 numbers, and seeded.
        expect(Math.abs(difference.mean)).toBeLessThan(4 * Math.sqrt(difference.variance / COPIES));
        before += momentsOf(plain.map(({ encoder }) => encoder[i]!)).variance;
        after += momentsOf(doubly.map(({ encoder }) => encoder[i]!)).variance;
      }
      // A ratio of two sums of 20 variances, each known to about 10 %.
      expect(after).toBeLessThan(0.5 * before);
    });

    test("of 5000 samples is log p(x)", () => {
      const vae = model();
      const K = 5000;
      const exact = logEvidence(vae);
      const { bound, logWeights } = boundOf(vae, K, "exact");
      for (const [b, expected] of exact.entries()) {
        // The deviation of log w̄ is that of w̄ relative to it, and what is lost by the logarithm half its square.
        const weights = Array.from({ length: K }, (_, k) => Math.exp(logWeights[k * B + b]! - expected));
        const mean = weights.reduce((sum, w) => sum + w / K, 0);
        const variance = weights.reduce((sum, w) => sum + (w - mean) ** 2 / K, 0);
        const error = Math.sqrt(variance / K) / mean;
        expect(error).toBeLessThan(0.05);
        expect(Math.abs(bound[b]! - expected)).toBeLessThan(4 * error); // failure rate 6e-5 for each, and seeded
      }
      expect(exact).toHaveLength(B);
    });

    test("rises with the samples, from the ELBO towards log p(x)", () => {
      const vae = model();
      const COPIES = 2000;
      const exact = logEvidence(vae).reduce((sum, value) => sum + value / B, 0);
      // The mean over the images, estimated with each number of samples by noise of its own.
      const estimates = [1, 2, 8, 64].map((samples) => {
        const { bound } = boundOf(vae, samples, `${samples}`, COPIES);
        expect(bound).toHaveLength(COPIES * B);
        const ofCopies = Array.from({ length: COPIES }, (_, n) =>
          bound.slice(n * B, (n + 1) * B).reduce((sum, value) => sum + value / B, 0),
        );
        const mean = ofCopies.reduce((sum, value) => sum + value / COPIES, 0);
        const squares = ofCopies.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        return { mean, error: Math.sqrt(squares) / COPIES };
      });
      for (const [i, { mean, error }] of estimates.slice(1).entries()) {
        const lower = estimates[i]!;
        // Each step up is seen at more than four standard errors: by chance in 6e-5 of all seeds, and it is seeded.
        expect(mean - lower.mean).toBeGreaterThan(4 * Math.hypot(error, lower.error));
        expect(mean).toBeLessThan(exact + 4 * error);
      }
      expect(exact - estimates.at(-1)!.mean).toBeLessThan(0.1 * (exact - estimates[0]!.mean));
    });
  });
});
