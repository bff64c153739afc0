import { Matrix, solve } from "ml-matrix";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { type Dataset, part, type Split } from "../../src/data/dataset.ts";
import type { Fields } from "../../src/data/field.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { checkNoise } from "../../src/evaluation/calibration.ts";
import { decodedPass } from "../../src/evaluation/passes.ts";
import { isOfDensity } from "../../src/evaluation/runner.ts";
import { summarise } from "../../src/evaluation/summary.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { expectAllClose } from "../helpers/numerics.ts";
import { tinyTraining } from "../helpers/tiny.ts";

/**
 * A regression whose networks are linear, with a Gaussian of one σ, is the linear model x = A y + b + ε: its maximum of the
 * likelihood is least squares, whose closed form are the normal equations, and σ² is then the mean squared residual.
 */
const [N, D, M] = [240, 3, 4];
const NOISE = 0.3;

const fields: Fields = {
  x: { name: "x", shape: [1, D, 1], kind: "real", show: "image" },
  y: { name: "y", shape: [1, M, 1], kind: "real", show: "image" },
};

/** A few numbers of x that are linear in y but for the noise. */
const all: Split = (() => {
  const random = new RandomStream("least squares");
  const [A, b] = [random.fork("A").normals(M * D), random.fork("b").normals(D)];
  const y = random.fork("y").normals(N * M);
  const x = random
    .fork("noise")
    .normals(N * D)
    .map((noise, i) => {
      const [n, d] = [Math.floor(i / D), i % D];
      const mean = [0, 1, 2, 3].reduce((sum, m) => sum + y[n * M + m]! * A[m * D + d]!, b[d]!);
      return mean + NOISE * noise;
    });
  return { count: N, columns: { x, y } };
})();
const between = (from: number, to: number) => part(all, Object.values(fields), from, to);
const train = between(0, 200);
const test_ = between(200, N);
const dataset: Dataset = { name: "linear", fields, train, validation: test_, test: test_, hashes: {} };

const training = (settings: Record<string, string>) =>
  tinyTraining(
    {
      "model.kind": "regression",
      "condition.kind": "given",
      "model.network.hidden": "[]",
      "model.conditionFeatures": "6",
      "likelihood.mean": "linear",
      "training.batchSize": "200",
      "training.epochs": "300",
      "training.learningRate": "0.05",
      "training.schedule": "cosine",
      ...settings,
    },
    { dataset },
  );

const rowsOf = (set: Split, name: "x" | "y") =>
  Matrix.from1DArray(set.count, name === "x" ? D : M, Array.from(set.columns[name]!));

/** By the normal equations on the training data: the means of a split, and the mean squared residual on train. */
const exact = (() => {
  const design = (set: Split) => {
    const y = rowsOf(set, "y");
    return y.clone().addColumn(M, new Array<number>(y.rows).fill(1));
  };
  const Y = design(train);
  const coefficients = solve(Y.transpose().mmul(Y), Y.transpose().mmul(rowsOf(train, "x")));
  const means = (set: Split) => design(set).mmul(coefficients);
  const residuals = Matrix.sub(rowsOf(train, "x"), means(train));
  return { means, meanSquare: residuals.norm("frobenius") ** 2 / (train.count * D) };
})();

type Training = ReturnType<typeof training>;

/** f(y) of a split, [count · D]; the decoder gives the mean alone where σ is not of each pixel. */
async function predicted({ runner }: Training, set: Split): Promise<Float32Array> {
  const inputs = ["x", "y"].map((name) => ({
    values: Float32Array.from(set.columns[name]!),
    shape: [set.count, name === "x" ? D : M],
  }));
  const [decoded] = await runner.run(decodedPass, inputs, false);
  return decoded!;
}

const squares = (set: Split, means: ArrayLike<number>) =>
  Array.from(set.columns["x"]!).reduce((sum, x, i) => sum + (x - means[i]!) ** 2, 0);

await useBackend("wasm", { threads: 1 });

describe("with σ fixed", () => {
  const SIGMA = 0.5;
  const fixed = training({ "likelihood.sigma": String(SIGMA) });

  beforeAll(fixed.run, 120_000);

  test.each([
    ["training examples", train],
    ["others", test_],
  ])("the means of %s are those of the normal equations", async (_, set) => {
    expectAllClose(await predicted(fixed, set), exact.means(set).to1DArray(), 1e-3);
  });

  test("the loss is SSE / 2σ² and a constant, without a rate", async () => {
    const { distortion, rate, perImage, samples } = await estimateElbo(fixed.runner, test_, fixed.coding);
    const constant = (D / 2) * Math.log(2 * Math.PI * SIGMA ** 2);
    const sse = squares(test_, await predicted(fixed, test_)) / test_.count;
    expectAllClose([distortion], [sse / (2 * SIGMA ** 2) + constant], 1e-5);
    expect([rate, samples]).toEqual([0, 1]);
    expect(perImage).toHaveLength(test_.count);
  });
});

describe("with σ learned", () => {
  // The squares of its first gradients are not what they are in the end, and must be forgotten.
  const learned = training({ "likelihood.sigma": "shared", "training.optimizer.beta2": "0.9" });

  beforeAll(learned.run, 120_000);

  test("σ² is the mean squared residual, and the means are the same", async () => {
    expectAllClose(await predicted(learned, train), exact.means(train).to1DArray(), 1e-3);
    const { sigma } = await summarise(learned.runner, "train", train, learned.coding, { levels: false });
    expect(Math.abs(sigma! ** 2 / exact.meanSquare - 1)).toBeLessThan(0.02);
    expect(Math.abs(sigma! / NOISE - 1)).toBeLessThan(0.1);
  });

  test("the noise is found to be what the likelihood assumes", async () => {
    const { runner, coding } = learned;
    if (!isOfDensity(runner)) throw new Error("no density");
    const noise = await checkNoise(runner, { checked: train, train }, coding);
    expect(noise.images).toBe(train.count);
    // Of 600 values; within four standard errors.
    for (const { nominal, observed } of noise.coverage) {
      expect(Math.abs(observed - nominal)).toBeLessThan(4 * Math.sqrt((nominal * (1 - nominal)) / 600));
    }
    expect(Math.abs(noise.residuals.mean)).toBeLessThan(1e-3); // least squares leaves none
    expect(Math.abs(noise.residuals.standardDeviation - 1)).toBeLessThan(0.01);
    expect(Math.abs(noise.scaleFit!.factor - 1)).toBeLessThan(0.01);
  });

  test("a summary has one draw of each, and −log p(x|y) itself for the NLL", async () => {
    const { runner, coding } = learned;
    const plain = await summarise(runner, "test", test_, coding, { levels: false });
    const weighed = await summarise(runner, "test", test_, coding, { levels: false, samples: 5, k: 7 });
    expect(weighed).toEqual(plain);
    expect(plain).toMatchObject({ samples: 1, rate: 0, rateStandardError: 0 });
    expect(plain).not.toHaveProperty("elboDrawError");
    expect(plain.nll).toBe(-plain.elbo!);
  });
});
