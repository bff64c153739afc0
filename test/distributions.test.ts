import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { determinant as luDeterminant, Matrix } from "ml-matrix";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { fieldOf } from "../src/data/field.ts";
import type { ConditionalGaussian } from "../src/model/distributions/conditionalGaussian.ts";
import { couplingFlow } from "../src/model/distributions/couplingFlow.ts";
import { diagonalGaussian } from "../src/model/distributions/diagonalGaussian.ts";
import type { Posterior, PriorContext, PriorGiven } from "../src/model/distributions/distribution.ts";
import { posteriors, priors } from "../src/model/distributions/index.ts";
import { kl, sampledKl } from "../src/model/distributions/kl.ts";
import { REAL_LINE } from "../src/model/distributions/normal.ts";
import { models } from "../src/model/index.ts";
import type { Vae } from "../src/model/vae.ts";
import { saveCheckpoint } from "../src/runs/checkpoint.ts";
import { decodeSafetensors } from "../src/runs/safetensors.ts";
import { Parameters } from "../src/tensors/parameters.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { type PosteriorRow, type PriorRow, posteriorRows, priorRows } from "./distributions/rows.ts";
import { expectAllClose, finiteDifferences } from "./helpers/numerics.ts";
import { tinyDigits, tinyTraining } from "./helpers/tiny.ts";
import { quadrature } from "./likelihoods/quadrature.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

test("the tables have each prior and each posterior", () => {
  const kinds = (rows: readonly { config: { kind: string } }[]) => [
    ...new Set(rows.map(({ config }) => config.kind)),
  ];
  expect(kinds(priorRows).toSorted()).toEqual([...priors.members.keys()].toSorted());
  expect(kinds(posteriorRows).toSorted()).toEqual([...posteriors.members.keys()].toSorted());
});

type Known = PriorRow | PosteriorRow;

const dimensionOf = ({ mean }: Known) => mean.length;

/** For priors that ask an encoder: an example x is what the encoder says of it. */
const encodedAsIs = (latentDim: number): Pick<PriorContext, "x" | "encode" | "examples"> => ({
  x: { name: "x", shape: [2 * latentDim], kind: "real", show: "value" },
  encode: (x) => posteriors.of({ kind: "diagonalGaussian" }).of({ kind: "diagonalGaussian" }, x),
  examples: (count) => new Float32Array(count * 2 * latentDim),
});

/** A prior whose parameters are those of its row. */
function buildPrior(row: PriorRow) {
  const parameters = new Parameters();
  const { features } = row;
  const made = priors.of(row.config).create(row.config, {
    latentDim: dimensionOf(row),
    createVariable: parameters.scope("prior"),
    random: new RandomStream("prior"),
    ...(features && { features: features.length }),
    ...encodedAsIs(dimensionOf(row)),
  });
  expect(parameters.names).toEqual(Object.keys(row.parameters).map((name) => `prior.${name}`));
  for (const [i, values] of Object.values(row.parameters).entries()) {
    const variable = parameters.variables[i]!;
    tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape)));
  }
  return { prior: "given" in made ? ofOneY(made, features!) : made, parameters };
}

/** p(z|y) of the y with these features, by the parameters as they are when it is asked. */
function ofOneY(made: PriorGiven, features: readonly number[]): ConditionalGaussian {
  const now = () => made.given(tf.tensor2d([...features], [1, features.length])) as ConditionalGaussian;
  return {
    kind: "conditionalGaussian",
    support: REAL_LINE,
    paramsFor: (rows) => now().paramsFor(rows),
    logProb: (z) => now().logProb(z),
    mean: () => now().mean(),
    sample: (count, random) => now().sample(count, random),
  };
}

/** The posteriors of `count` examples that the encoder says the same of. */
const buildPosterior = ({ config, encoded }: PosteriorRow, count: number): Posterior =>
  posteriors.of(config).of(config, tf.tile(tf.tensor2d(encoded.slice(), [1, encoded.length]), [count, 1]));

const logProbOf = (row: Known, zs: readonly (readonly number[])[]): Float32Array =>
  tf.tidy(() => {
    const distribution = "encoded" in row ? buildPosterior(row, zs.length) : buildPrior(row).prior;
    return distribution
      .logProb(tf.tensor2d(zs.flat(), [zs.length, dimensionOf(row)]))
      .dataSync<"float32">()
      .slice();
  });

/** Points z with weights: Σ weight · f(z) is an integral over the line or the plane. */
function points({ breaks }: Known): { z: number[]; weight: number }[] {
  return breaks
    .map(quadrature)
    .reduce<{ z: number[]; weight: number }[]>(
      (all, axis) =>
        all.flatMap(({ z, weight }) =>
          axis.map((point) => ({ z: [...z, point.x], weight: weight * point.weight })),
        ),
      [{ z: [], weight: 1 }],
    );
}

/** What a row's own quadrature needs, which several of its tests ask for. */
const known = new Map<Known, { readonly z: number[]; readonly weight: number; readonly log: number }[]>();

function densityOf(row: Known) {
  if (!known.has(row)) {
    const all = points(row);
    const logs = logProbOf(
      row,
      all.map(({ z }) => z),
    );
    known.set(
      row,
      all.map((point, i) => ({ ...point, log: logs[i]! })),
    );
  }
  return known.get(row)!;
}

/** E[f(z)] by quadrature. */
const expectation = (row: Known, f: (z: readonly number[], i: number) => number): number =>
  densityOf(row).reduce((sum, { z, weight, log }, i) => sum + weight * Math.exp(log) * f(z, i), 0);

/** Mean and covariance of draws [n, d] are those of the row, within four standard errors: 6e-5 fail, once and for all. */
function expectMoments(row: Known, draws: Float32Array): void {
  const d = dimensionOf(row);
  const n = draws.length / d;
  const average = (f: (z: Float32Array) => number) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += f(draws.subarray(d * i, d * (i + 1)));
    return sum / n;
  };
  const mean = row.mean.map((_, i) => average((z) => z[i]!));
  for (const [i, variances] of row.covariance.entries()) {
    expect(Math.abs(mean[i]! - row.mean[i]!)).toBeLessThan(4 * Math.sqrt(variances[i]! / n));
    for (const [j, covariance] of variances.entries()) {
      const product = (z: ArrayLike<number>) => (z[i]! - row.mean[i]!) * (z[j]! - row.mean[j]!);
      const error = Math.sqrt((expectation(row, (z) => product(z) ** 2) - covariance ** 2) / n);
      expect(Math.abs(average(product) - covariance)).toBeLessThan(4 * error);
    }
  }
}

const DRAWS = 40_000;

const noiseFor = (row: Known, count: number, seed: string) =>
  tf.tensor2d(new RandomStream(seed).normals(count * dimensionOf(row)), [count, dimensionOf(row)]);

describe.each<Known>([...priorRows, ...posteriorRows])("$name", (row) => {
  test("integrates to 1", () => {
    expect(Math.abs(expectation(row, () => 1) - 1)).toBeLessThan(1e-6);
  });

  test("agrees with SciPy", () => {
    const zs = row.logProb.map(([z]) => z);
    const expected = row.logProb.map(([, value]) => value);
    expect(expected.length).toBeGreaterThan(0);
    expectAllClose(logProbOf(row, zs), expected, 1e-6);
    // Row by row, whatever is beside it.
    for (const [i, z] of zs.entries()) expectAllClose(logProbOf(row, [z]), [expected[i]!], 1e-6);
  });

  test("gradient with respect to z agrees with finite differences", () => {
    const [z] = row.logProb.at(-1)!;
    const logProb = (z: tf.Tensor) => {
      const distribution = "encoded" in row ? buildPosterior(row, 1) : buildPrior(row).prior;
      return tf.sum(distribution.logProb(z as tf.Tensor2D)) as tf.Scalar;
    };
    const at = (values: Float32Array) => tf.tensor2d(values, [1, values.length]);
    const slope = tf.tidy(() =>
      tf
        .grad(logProb)(at(Float32Array.from(z)))
        .dataSync(),
    );
    const differences = finiteDifferences(
      (values) => tf.tidy(() => logProb(at(values)).dataSync()[0]!),
      Float32Array.from(z),
    );
    expectAllClose(slope, differences, 1e-3);
  });
});

describe.each(priorRows)("the prior: $name", (row) => {
  test("its mean and its draws are as the closed form says", () => {
    const { prior } = buildPrior(row);
    expectAllClose(
      tf.tidy(() => prior.mean().dataSync()),
      row.centre ?? row.mean,
      1e-6,
    );
    expectMoments(
      row,
      tf.tidy(() => prior.sample(DRAWS, new RandomStream(row.name)).dataSync()) as Float32Array,
    );
  });

  test("the same stream gives the same draws, another does not", () => {
    const { prior } = buildPrior(row);
    const draw = (seed: number) => tf.tidy(() => [...prior.sample(5, new RandomStream(seed)).dataSync()]);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("gradient with respect to its parameters agrees with finite differences", () => {
    const { prior, parameters } = buildPrior(row);
    const z = row.logProb.map(([z]) => z);
    const logProb = () =>
      tf.sum(prior.logProb(tf.tensor2d(z.flat(), [z.length, dimensionOf(row)]))) as tf.Scalar;
    expect(parameters.variables.length).toBe(Object.keys(row.parameters).length);
    for (const variable of parameters.variables) {
      const start = variable.dataSync<"float32">().slice();
      const slope = tf.tidy(() =>
        tf.variableGrads(logProb, [variable]).grads[variable.name]!.dataSync().slice(),
      );
      const assign = (values: Float32Array) =>
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      const differences = finiteDifferences((values) => {
        assign(values);
        return tf.tidy(() => logProb().dataSync()[0]!);
      }, start);
      assign(start);
      const scale = Math.max(1, ...differences.map(Math.abs)); // they resolve no less in float32
      expectAllClose(slope, differences, 1e-3, scale);
    }
  });

  test("leaves no tensors behind", () => {
    const { prior } = buildPrior(row);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      prior.mean();
      prior.sample(3, new RandomStream(0));
      const logProb = (z: tf.Tensor) => tf.sum(prior.logProb(z as tf.Tensor2D)) as tf.Scalar;
      tf.grad(logProb)(noiseFor(row, 3, "z"));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(posteriorRows)("the posterior: $name", (row) => {
  test("has as many parameters as it says", () => {
    const d = dimensionOf(row);
    expect(posteriors.of(row.config).paramCount(row.config, d)).toBe(row.encoded.length);
    const { params } = buildPosterior(row, 3);
    expect(Object.values(params).map(({ shape }) => shape)).toEqual(Object.keys(params).map(() => [3, d]));
    expect(Object.keys(params).length).toBeGreaterThan(0);
  });

  test("its mean and its draws are as the closed form says", () => {
    const [mean, draws] = tf.tidy(() => {
      const q = buildPosterior(row, DRAWS);
      return [q.mean().dataSync(), q.rsample(noiseFor(row, DRAWS, row.name)).dataSync<"float32">()];
    });
    expectAllClose(mean!.subarray(0, row.mean.length), row.centre ?? row.mean, 1e-6);
    expectMoments(row, draws as Float32Array);
  });

  test("gradient of a draw with respect to its parameters agrees with finite differences", () => {
    const noise = noiseFor(row, 3, "rsample");
    const weights = noiseFor(row, 3, "weights");
    // Neither all elements nor all rows weigh the same.
    const drawn = (encoded: tf.Tensor) =>
      tf.sum(
        tf.mul(
          weights,
          posteriors
            .of(row.config)
            .of(row.config, encoded as tf.Tensor2D)
            .rsample(noise),
        ),
      ) as tf.Scalar;
    const at = (values: Float32Array) => tf.tensor2d(values, [3, row.encoded.length]);
    const encoded = Float32Array.from([1, 0.5, -0.25].flatMap((s) => row.encoded.map((value) => s * value)));
    expectAllClose(
      tf.tidy(() => tf.grad(drawn)(at(encoded)).dataSync()),
      finiteDifferences((values) => tf.tidy(() => drawn(at(values)).dataSync()[0]!), encoded),
      1e-3,
    );
  });

  test("a draw with its log-probability is both", () => {
    const [z, both, logProb, ofBoth] = tf.tidy(() => {
      const q = buildPosterior(row, 50);
      const noise = noiseFor(row, 50, "both");
      const drawn = q.sampleAndLogProb(noise);
      const z = q.rsample(noise);
      // A tensor that it has not drawn, for which it knows nothing yet.
      return [z, drawn.z, q.logProb(tf.clone(z)), drawn.logProb].map((tensor) => tensor.dataSync());
    });
    expect(both).toEqual(z);
    expectAllClose(ofBoth!, logProb!, 1e-5);
  });

  test("each point under each posterior is as if it was asked for alone", () => {
    const family = posteriors.of(row.config);
    const some = [1, 0.5, -0.25].map((s) => row.encoded.map((value) => s * value));
    const points = noiseFor(row, 4, "pairs");
    const [all, ...each] = tf.tidy(() =>
      [
        family.of(row.config, tf.tensor2d(some)).pairwiseLogProb(points),
        ...some.map((one) => family.of(row.config, tf.tensor2d([one, one, one, one])).logProb(points)),
      ].map((tensor) => [...tensor.dataSync()]),
    );
    expect(all).toHaveLength(12);
    for (const [n, values] of each.entries()) {
      expectAllClose(
        all!.filter((_, i) => i % 3 === n),
        values,
        1e-5,
      );
    }
  });

  test("examples do not see each other", () => {
    const d = dimensionOf(row);
    const family = posteriors.of(row.config);
    const several = tf.tensor2d(
      [1, 0.5, -0.25].flatMap((s) => row.encoded.map((value) => s * value)),
      [3, row.encoded.length],
    );
    const noise = noiseFor(row, 3, "rows");
    const all = family.of(row.config, several);
    const last = family.of(row.config, tf.slice2d(several, [2, 0], [1, row.encoded.length]));
    const lastNoise = tf.slice2d(noise, [2, 0], [1, d]);
    const values = (tensor: tf.Tensor, size: number) => [...tensor.dataSync()].slice(-size);
    expect(values(all.rsample(noise), d)).toEqual(values(last.rsample(lastNoise), d));
    expect(values(all.logProb(noise), 1)).toEqual(values(last.logProb(lastNoise), 1));
  });
});

describe("KL(q ‖ p)", () => {
  /** The pairs with a closed form. */
  const closedForms = ["diagonalGaussian|standardNormal", "diagonalGaussian|conditionalGaussian"];

  const pairs = posteriorRows.flatMap((q) =>
    priorRows
      .filter((p) => dimensionOf(p) === dimensionOf(q))
      .map((p) => ({ q, p, name: `${q.name} to ${p.name}` })),
  );

  test("every posterior meets every prior", () => {
    const met = pairs.map(({ q, p }) => `${q.config.kind}|${p.config.kind}`);
    const all = [...posteriors.members.keys()].flatMap((q) =>
      [...priors.members.keys()].map((p) => `${q}|${p}`),
    );
    expect(new Set(met)).toEqual(new Set(all));
    expect(all).toEqual(expect.arrayContaining(closedForms));
  });

  test.each(pairs)("$name: is the integral, whether in closed form or as a mean of draws", ({ q, p }) => {
    const density = densityOf(q);
    const logsOfP = logProbOf(
      p,
      density.map(({ z }) => z),
    );
    const integral = expectation(q, (_, i) => density[i]!.log - logsOfP[i]!);
    const [estimate, sampled] = tf.tidy(() => {
      const { prior } = buildPrior(p);
      const posterior = buildPosterior(q, DRAWS);
      const z = posterior.rsample(noiseFor(q, DRAWS, "kl"));
      return [kl(posterior, prior, z).dataSync(), sampledKl(posterior, prior, z).dataSync()];
    });
    const { mean, variance } = tf.moments(sampled!);
    const spread = Math.sqrt(variance.dataSync()[0]! / DRAWS);
    expect(spread).toBeLessThan(0.03);
    expect(Math.abs(mean.dataSync()[0]! - integral)).toBeLessThan(4 * spread); // failure rate 6e-5, seeded
    if (closedForms.includes(`${q.config.kind}|${p.config.kind}`)) {
      expectAllClose(estimate!.subarray(0, 3), [integral, integral, integral], 3e-6);
    } else {
      expect(estimate).toEqual(sampled);
    }
  });

  test("to the standard normal: 0 at the prior, and the textbook's value elsewhere", () => {
    const prior = buildPrior(
      priorRows.find(({ name }) => name === "standard normal in two dimensions")!,
    ).prior;
    const encoded = tf.tensor2d([
      [0, 0, 0, 0],
      [1, -2, 0.5, -1],
    ]);
    const q = encodedAsIs(2).encode(encoded);
    // 0.5 * sum(exp([0.5, -1]) + numpy.square([1, -2]) - 1 - numpy.array([0.5, -1])) = 2.7583003559357855
    expectAllClose(
      tf.tidy(() => kl(q, prior, tf.zeros([2, 2])).dataSync()),
      [0, 2.7583003559357855],
      1e-6,
    );
  });
});

describe("the mixture of Gaussians", () => {
  const normal = priorRows.find(({ name }) => name === "standard normal in two dimensions")!;

  test("with one component whose parameters are 0 is the standard normal", () => {
    const { prior } = buildPrior({
      ...normal,
      config: { kind: "gaussianMixture", components: 1 },
      parameters: { logits: [0], mean: [0, 0], logStd: [0, 0] },
    });
    const standard = buildPrior(normal).prior;
    const values = (of: typeof prior) =>
      tf.tidy(() =>
        [of.logProb(noiseFor(normal, 100, "z")), of.mean(), of.sample(100, new RandomStream(3))].map(
          (tensor) => [...tensor.dataSync()],
        ),
      );
    expect(values(prior)).toEqual(values(standard));
  });

  test("does not overflow far out", () => {
    const row = priorRows.find(({ config }) => config.kind === "gaussianMixture" && config.components === 3)!;
    const far = logProbOf(row, [
      [1e4, -1e4],
      [0, 1e3],
    ]);
    for (const value of far) expect(value).toSatisfy(Number.isFinite);
    expect(far.length).toBe(2);
  });

  test("its parameters are learned, and are in checkpoints with their moments", async () => {
    const { run, vae, parts } = tinyTraining(
      { "model.prior.kind": "gaussianMixture", "model.prior.components": "3", "training.epochs": "1" },
      { dataset: tinyDigits(64, 8) },
    );
    const shapes = { "prior.logits": [3], "prior.mean": [3, 4], "prior.logStd": [3, 4] };
    const own = () =>
      new Map([...vae.parameters].map(([name, variable]) => [name, [...variable.dataSync()]]));
    const before = own();
    await run();
    const after = own();
    const file = join(mkdtempSync(join(tmpdir(), "vae-prior-")), "last.safetensors");
    await saveCheckpoint(file, parts());
    const { tensors } = decodeSafetensors(readFileSync(file), file);
    for (const [name, shape] of Object.entries(shapes)) {
      expect(after.get(name)!.every((value, i) => value !== before.get(name)![i])).toBe(true);
      for (const stored of [name, `adam.m.${name}`, `adam.v.${name}`]) {
        expect(tensors.get(stored)!.shape).toEqual(shape);
      }
      expect([...tensors.get(name)!.data]).toEqual(after.get(name));
    }
  });
});

describe("the VampPrior", () => {
  const settings = { "model.prior.kind": "vamp", "model.prior.pseudoInputs": "3", "training.epochs": "1" };

  test("starts from examples of the training data, and stays in the range of pixels", async () => {
    const { vae, run, config, dataset, coding } = tinyTraining(settings, { dataset: tinyDigits(64, 8) });
    const fields = { x: fieldOf(dataset.fields, "x") };
    const examples = new RandomStream("examples").uniforms(3 * 784).map((u) => (u < 0.5 ? 0 : u));
    const data = { fields, averageX: new Float32Array(784), examples: () => examples };
    const fresh = models.of(config.model).create(config, data, new RandomStream(1)) as Vae;
    const inputs = () => [
      ...tf.tidy(() => tf.sigmoid(new Map(fresh.parameters).get("prior.pseudoInputs")!).dataSync()),
    ];
    expectAllClose(
      inputs(),
      [...examples].map((x) => 0.02 + 0.96 * x),
      1e-6,
    );
    expect(coding).toBe("gray");
    const before = [...new Map(vae.parameters).get("prior.pseudoInputs")!.dataSync()];
    await run();
    const after = [...new Map(vae.parameters).get("prior.pseudoInputs")!.dataSync()];
    expect(after.filter((value, i) => value !== before[i]).length).toBeGreaterThan(0.9 * after.length);
  });

  test("is the mean density of the posteriors of its pseudo-inputs, through the model's own encoder", () => {
    const { vae } = tinyTraining(settings, { dataset: tinyDigits(64, 8) });
    const [logProb, each] = tf.tidy(() => {
      const pseudoInputs = tf.sigmoid(new Map(vae.parameters).get("prior.pseudoInputs")! as tf.Tensor2D);
      const z = tf.tensor2d(new RandomStream("z").normals(20), [5, 4]);
      const one = (k: number) => vae.encode(tf.tile(tf.slice2d(pseudoInputs, [k, 0], [1, 784]), [5, 1]));
      return [vae.priorOf().logProb(z).dataSync(), [0, 1, 2].map((k) => one(k).logProb(z).dataSync())];
    });
    const expected = [...logProb!].map((_, i) =>
      Math.log(each!.reduce((sum, of) => sum + Math.exp(of[i]!) / 3, 0)),
    );
    expectAllClose(logProb!, expected, 1e-5);
  });

  test("tells narrow posteriors apart to a few thousandths of a nat", () => {
    const [d, K, M] = [40, 50, 20];
    const random = new RandomStream("narrow");
    const mean = random.fork("mean").normals(K * d);
    const logVar = random
      .fork("logVar")
      .uniforms(K * d)
      .map((u) => -5 * u); // deviations from 0.08 to 1
    const noise = random.fork("noise").normals(M * d);
    const z = noise.map((t, i) => mean[i]! + Math.exp(logVar[i]! / 2) * t); // each near one of the first M
    const got = tf.tidy(() =>
      diagonalGaussian(tf.tensor2d(mean, [K, d]), tf.tensor2d(logVar, [K, d]))
        .pairwiseLogProb(tf.tensor2d(z, [M, d]))
        .dataSync(),
    );
    for (let m = 0; m < M; m++) {
      let exact = 0;
      for (let i = m * d; i < (m + 1) * d; i++) {
        const t = (z[i]! - mean[i]!) / Math.exp(logVar[i]! / 2);
        exact -= (t * t + logVar[i]! + Math.log(2 * Math.PI)) / 2;
      }
      expect(Math.abs(got[m * K + m]! - exact)).toBeLessThan(3e-3);
    }
  });
});

describe("the planar flow", () => {
  const config = { kind: "planarFlow", layers: 1 } as const;

  test("is the identity where u is 0, and finite where the encoder gives zeros, as for a black image", () => {
    const noise = tf.tensor2d([[0.5, -1.5]]);
    const [encoded, zeros] = [tf.tensor2d([[0, 0, 0, 0, 0, 0, 2, -1, 0.5]]), tf.zeros<tf.Rank.R2>([1, 9])];
    for (const input of [encoded, zeros]) {
      const { z, logProb } = posteriors.of(config).of(config, input).sampleAndLogProb(noise);
      expect([...z.dataSync()]).toEqual([0.5, -1.5]);
      expectAllClose(logProb.dataSync(), [-Math.log(2 * Math.PI) - 1.25], 1e-6);
    }
    const loss = (input: tf.Tensor) =>
      tf.sum(
        posteriors
          .of(config)
          .of(config, input as tf.Tensor2D)
          .sampleAndLogProb(noise).logProb,
      ) as tf.Scalar;
    for (const slope of tf.grad(loss)(zeros).dataSync()) expect(slope).toSatisfy(Number.isFinite);
  });

  test("its log-determinant is that of the Jacobian, and its inverse finds the way back, however bent", () => {
    const random = new RandomStream("planar");
    const encoded = Float32Array.from([0, 0, 0, 0, 0, 0, ...random.normals(7).map((t) => 3 * t)]);
    const q = (z: tf.Tensor2D) =>
      posteriors.of(config).of(config, tf.tile(tf.tensor2d(encoded, [1, 13]), [z.shape[0], 1]));
    const noise = tf.tensor2d(random.fork("noise").normals(300), [100, 3]);
    const [drawn, back, image] = tf.tidy(() => {
      const { z, logProb } = q(noise).sampleAndLogProb(noise);
      return [logProb, q(noise).logProb(tf.clone(z)), z].map((tensor) => tensor.dataSync().slice());
    });
    expectAllClose(back!, drawn!, 1e-3);
    // In float64, by the formula: f(z) = z + û tanh(w·z + b).
    const [u, w, b] = [encoded.slice(6, 9), encoded.slice(9, 12), encoded[12]!];
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      [0, 1, 2].reduce((s, i) => s + x[i]! * y[i]!, 0);
    const s = dot(w, u);
    const m = 0.999 * (Math.log1p(Math.exp(s + Math.log(Math.E - 1))) - 1);
    const f = (z: readonly number[]) => {
      const t = Math.tanh(dot(w, z) + b);
      return z.map((value, i) => value + (u[i]! + ((m - s) * w[i]!) / dot(w, w)) * t);
    };
    for (let n = 0; n < 100; n++) {
      const z = [0, 1, 2].map((i) => noise.dataSync()[3 * n + i]!);
      expectAllClose(image!.subarray(3 * n, 3 * n + 3), f(z), 1e-5);
      const logDensity = -1.5 * Math.log(2 * Math.PI) - dot(z, z) / 2;
      expect(Math.abs(logDensity - drawn![n]! - Math.log(determinant(f, z)))).toBeLessThan(1e-4);
    }
  });
});

describe("the coupling flow", () => {
  test("starts as the standard normal, and needs two dimensions", () => {
    const config = { kind: "couplingFlow" as const, layers: 3, hidden: [5] };
    const create = (latentDim: number) =>
      couplingFlow.create(config, {
        latentDim,
        createVariable: new Parameters().scope("prior"),
        random: new RandomStream("prior"),
        ...encodedAsIs(latentDim),
      });
    const z = tf.tensor2d([[1, -2, 0.5]]);
    expectAllClose(create(3).logProb(z).dataSync(), [-1.5 * Math.log(2 * Math.PI) - 2.625], 1e-6);
    expect(() => create(1)).toThrow(/It takes 2 or more/);
  });

  test("its density is that of its draws by the numerical Jacobian", () => {
    const row = priorRows.find(({ config }) => config.kind === "couplingFlow")!;
    const { prior } = buildPrior(row);
    const random = new RandomStream("draws");
    const noise = new RandomStream("draws").normals(40);
    const z = prior.sample(20, random);
    const logProb = prior.logProb(z).dataSync();
    const value = (name: string) => row.parameters[name]!;
    const f = ([a, b]: readonly number[]): number[] => {
      const [s0, t0] = affine(0, a!);
      const moved = b! * Math.exp(s0) + t0;
      const [s1, t1] = affine(1, moved);
      return [a! * Math.exp(s1) + t1, moved];
    };
    const affine = (i: number, x: number): [number, number] => {
      const [k, kb, o, ob] = ["hidden0.kernel", "hidden0.bias", "output.kernel", "output.bias"].map((name) =>
        value(`coupling${i}.${name}`),
      ) as [number[], number[], number[], number[]];
      const h = k.map((weight, j) => Math.tanh(weight * x + kb[j]!));
      const out = (c: number) => h[0]! * o[c]! + h[1]! * o[2 + c]! + ob[c]!;
      return [3 * Math.tanh(out(0) / 3), out(1)];
    };
    for (let n = 0; n < 20; n++) {
      const start = [noise[2 * n]!, noise[2 * n + 1]!];
      expectAllClose(z.dataSync().subarray(2 * n, 2 * n + 2), f(start), 1e-5);
      const logDensity = -Math.log(2 * Math.PI) - (start[0]! ** 2 + start[1]! ** 2) / 2;
      expect(Math.abs(logDensity - logProb[n]! - Math.log(determinant(f, start)))).toBeLessThan(1e-4);
    }
  });
});

/** |det df/dz| by central differences, in float64; of two or three dimensions. */
function determinant(f: (z: readonly number[]) => number[], z: readonly number[]): number {
  const step = 1e-5;
  const rows = z.map((_, i) => {
    const at = (h: number) => f(z.map((value, j) => (i === j ? value + h : value)));
    const [up, down] = [at(step), at(-step)];
    return up.map((value, j) => (value - down[j]!) / (2 * step));
  });
  return Math.abs(luDeterminant(new Matrix(rows)));
}
