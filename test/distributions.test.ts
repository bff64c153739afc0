import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import type { Posterior } from "../src/model/distributions/distribution.ts";
import { posteriors, priors } from "../src/model/distributions/index.ts";
import { kl, sampledKl } from "../src/model/distributions/kl.ts";
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

/** A prior whose parameters are those of its row. */
function buildPrior(row: PriorRow) {
  const parameters = new Parameters();
  const prior = priors.of(row.config).create(row.config, {
    latentDim: dimensionOf(row),
    createVariable: parameters.scope("prior"),
    random: new RandomStream("prior"),
    encode: () => {
      throw new Error("it asks for no encoding");
    },
  });
  expect(parameters.names).toEqual(Object.keys(row.parameters).map((name) => `prior.${name}`));
  for (const [i, values] of Object.values(row.parameters).entries()) {
    const variable = parameters.variables[i]!;
    tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape)));
  }
  return { prior, parameters };
}

/** The posteriors of `count` examples that the encoder says the same of. */
const buildPosterior = ({ config, encoded }: PosteriorRow, count: number): Posterior =>
  posteriors.of(config).of(tf.tile(tf.tensor2d(encoded.slice(), [1, encoded.length]), [count, 1]));

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

/** E[f(z)] by quadrature. */
function expectation(row: Known, f: (z: readonly number[], i: number) => number): number {
  const all = points(row);
  const logs = logProbOf(
    row,
    all.map(({ z }) => z),
  );
  return all.reduce((sum, { z, weight }, i) => sum + weight * Math.exp(logs[i]!) * f(z, i), 0);
}

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
      row.mean,
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
      const scale = Math.max(...differences.map(Math.abs));
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
    expect(posteriors.of(row.config).paramCount(d)).toBe(row.encoded.length);
    const { params } = buildPosterior(row, 3);
    expect(Object.values(params).map(({ shape }) => shape)).toEqual(Object.keys(params).map(() => [3, d]));
    expect(Object.keys(params).length).toBeGreaterThan(0);
  });

  test("its mean and its draws are as the closed form says", () => {
    const [mean, draws] = tf.tidy(() => {
      const q = buildPosterior(row, DRAWS);
      return [q.mean().dataSync(), q.rsample(noiseFor(row, DRAWS, row.name)).dataSync<"float32">()];
    });
    expectAllClose(mean!.subarray(0, row.mean.length), row.mean, 1e-6);
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
            .of(encoded as tf.Tensor2D)
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
      return [z, drawn.z, q.logProb(z), drawn.logProb].map((tensor) => tensor.dataSync());
    });
    expect(both).toEqual(z);
    expectAllClose(ofBoth!, logProb!, 1e-5);
  });

  test("examples do not see each other", () => {
    const d = dimensionOf(row);
    const family = posteriors.of(row.config);
    const several = tf.tensor2d(
      [1, 0.5, -0.25].flatMap((s) => row.encoded.map((value) => s * value)),
      [3, row.encoded.length],
    );
    const noise = noiseFor(row, 3, "rows");
    const all = family.of(several);
    const last = family.of(tf.slice2d(several, [2, 0], [1, row.encoded.length]));
    const lastNoise = tf.slice2d(noise, [2, 0], [1, d]);
    const values = (tensor: tf.Tensor, size: number) => [...tensor.dataSync()].slice(-size);
    expect(values(all.rsample(noise), d)).toEqual(values(last.rsample(lastNoise), d));
    expect(values(all.logProb(noise), 1)).toEqual(values(last.logProb(lastNoise), 1));
  });
});

describe("KL(q ‖ p)", () => {
  /** The pairs with a closed form. */
  const closedForms = ["diagonalGaussian|standardNormal"];

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
    const zs = points(q).map(({ z }) => z);
    const [logsOfP, logsOfQ] = [logProbOf(p, zs), logProbOf(q, zs)];
    const integral = expectation(q, (_, i) => logsOfQ[i]! - logsOfP[i]!);
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
    const q = posteriors.of({ kind: "diagonalGaussian" }).of(encoded);
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
