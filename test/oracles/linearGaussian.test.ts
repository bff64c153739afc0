import { CholeskyDecomposition, inverse, Matrix } from "ml-matrix";
import { beforeAll, describe, expect, test } from "vitest";
import { type BackendName, backendNames, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import { imageFields } from "../../src/data/images.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { estimateNll } from "../../src/evaluation/importance.ts";
import { estimateOf } from "../../src/evaluation/statistics.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { expectAllClose } from "../helpers/numerics.ts";
import { tinyTraining } from "../helpers/tiny.ts";
import { rowsOf, smallDigits } from "./probabilisticPca.ts";

/**
 * A linear decoder with fixed σ: p(x) = N(b, WᵀW + σ²) and p(z|x) = N(M⁻¹ W (x − b), σ² M⁻¹), M = W Wᵀ + σ² (Tipping and
 * Bishop 1999, eq. 4 and 5). The encoder is given the exact mean and somewhat more than the exact variances.
 */
const LATENTS = 5;
const SIGMA = 0.3;
const WIDER = 2;
const IMAGES = 60;
const held = smallDigits("test", IMAGES);

const random = new RandomStream("linear");
const W = Matrix.from1DArray(LATENTS, 100, random.normals(LATENTS * 100)).mul(0.1);
const b = Array.from(random.normals(100), (v) => 0.2 + 0.05 * v);
const M = W.mmul(W.transpose()).add(Matrix.eye(LATENTS).mul(SIGMA ** 2));
const posteriorMean = inverse(M).mmul(W); // [L, D]
const posteriorVariances = inverse(M)
  .diagonal()
  .map((v) => v * SIGMA ** 2);
const residuals = rowsOf(held).subRowVector(b);

const settings = {
  "model.latentDim": `${LATENTS}`,
  "model.network.hidden": "[]",
  "likelihood.sigma": `${SIGMA}`,
  "likelihood.mean": "linear",
};
const dataset = {
  name: "small",
  fields: imageFields([10, 10, 1]),
  train: held,
  validation: held,
  test: held,
  hashes: {},
};

/** On the current backend. */
function model() {
  const training = tinyTraining(settings, { dataset });
  const set = (name: string, values: readonly number[]) => {
    const variable = [...training.vae.parameters].find(([key]) => key === name)![1];
    tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(values), variable.shape)));
  };
  set("decoder.output.kernel", W.to1DArray());
  set("decoder.output.bias", b);
  const kernel = Matrix.zeros(100, 2 * LATENTS); // x -> mean, logVar
  kernel.setSubMatrix(posteriorMean.transpose(), 0, 0);
  set("encoder.output.kernel", kernel.to1DArray());
  const offset = posteriorMean.mmul(Matrix.columnVector(b)).to1DArray();
  set("encoder.output.bias", [
    ...offset.map((value) => -value),
    ...posteriorVariances.map((v) => Math.log(WIDER * v)),
  ]);
  return training;
}

/** −log p(x) of each image, in float64. */
function exactNll(): number[] {
  const covariance = W.transpose()
    .mmul(W)
    .add(Matrix.eye(100).mul(SIGMA ** 2));
  const cholesky = new CholeskyDecomposition(covariance);
  const logDet = 2 * cholesky.lowerTriangularMatrix.diagonal().reduce((sum, d) => sum + Math.log(d), 0);
  const solved = cholesky.solve(residuals.transpose()).transpose();
  return Array.from({ length: IMAGES }, (_, n) => {
    const quadratic = solved.getRow(n).reduce((sum, value, d) => sum + value * residuals.get(n, d), 0);
    return 0.5 * (100 * Math.log(2 * Math.PI) + logDet + quadratic);
  });
}

/** KL(q ‖ p(z|x)), the same for all images: with precision M/σ², ½ (Σ P_ii s_i² − L − log |P| − Σ log s_i²). */
const klOfWider = (() => {
  const precision = M.clone().div(SIGMA ** 2);
  const variances = posteriorVariances.map((v) => WIDER * v);
  const logDet =
    2 *
    new CholeskyDecomposition(precision).lowerTriangularMatrix
      .diagonal()
      .reduce((sum, d) => sum + Math.log(d), 0);
  const trace = variances.reduce((sum, v, i) => sum + v * precision.get(i, i), 0);
  return 0.5 * (trace - LATENTS - logDet - variances.reduce((sum, v) => sum + Math.log(v), 0));
})();

let { runner, coding } = {} as ReturnType<typeof model>;
let onWasm: Awaited<ReturnType<typeof estimateNll>>;
const exact = exactNll();
const meanExact = exact.reduce((sum, value) => sum + value / IMAGES, 0);

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
  ({ runner, coding } = model());
  onWasm = await estimateNll(runner, held, coding, { k: 20 });
});

describe("the NLL by importance weights", () => {
  test("is the exact one within its stated error, image by image", async () => {
    const K = 500;
    const found = await estimateNll(runner, held, coding, { k: K });
    expect(found.nllDrawError).toBeLessThan(0.01);
    // Float32 leaves some 1e-5 of about 50 nats.
    expect(Math.abs(found.nll - meanExact)).toBeLessThan(4 * found.nllDrawError! + 1e-3);
    // The error is neither too small nor too large: the images' own deviations have that size. χ² with 60 degrees of freedom
    // is within 60 ± 44 but for 1e-4.
    const squares = found.perImage.reduce((sum, value, n) => sum + (value - exact[n]!) ** 2, 0);
    const ratio = squares / (found.nllDrawError! * IMAGES) ** 2;
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(1.8);
    const { median, tenthPercentile } = found.effectiveSampleSize;
    expect(median).toBeLessThan(K);
    expect(tenthPercentile).toBeLessThanOrEqual(median);
    expect(found.nllStandardError).toBeCloseTo(estimateOf(exact).standardError, 1);
  });

  test("falls with K, from −ELBO on", async () => {
    const elbo = await estimateElbo(runner, held, coding, { samples: 400 });
    const minusElbo = estimateOf(elbo.perImage).mean;
    const nll: number[] = [];
    for (const k of [1, 4, 16, 64]) nll.push((await estimateNll(runner, held, coding, { k })).nll);
    // One weight of an image has a deviation of about two nats, hence 0.26 for the mean of 60.
    expect(Math.abs(nll[0]! - minusElbo)).toBeLessThan(4 * 0.26);
    expect(nll).toEqual(nll.toSorted((a, b) => b - a));
    expect(minusElbo - meanExact).toBeCloseTo(klOfWider, 1);
    expect(nll[3]! - meanExact).toBeLessThan(0.1 * klOfWider);
  });

  test("has the same digits however images and samples are batched, and each time", async () => {
    const once = await estimateNll(runner, held, coding, { k: 30 });
    expect(await estimateNll(runner, held, coding, { k: 30 })).toEqual(once);
    const pieces = await estimateNll(runner, held, coding, { k: 30, samplesAtATime: 7, batchSize: 11 });
    expectAllClose(pieces.perImage, once.perImage, 1e-5);
    expect(pieces.nll).toBeCloseTo(once.nll, 5);
  });

  test("tells how far it is, to the end", async () => {
    const seen: number[] = [];
    const onProgress = (done: number, total: number) => seen.push(done / total);
    await estimateNll(runner, held, coding, { k: 120, batchSize: 20, onProgress });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect([seen.length, seen.at(-1)]).toEqual([3 * 3, 1]);
  });
});

describe("the ELBO over several draws", () => {
  test("is the mean over single ones", async () => {
    const three = await estimateElbo(runner, held, coding, { samples: 3 });
    const inBatches = await estimateElbo(runner, held, coding, { samples: 3, batchSize: 7 });
    expectAllClose(inBatches.perImage, three.perImage, 1e-5);
    const nine = await estimateElbo(runner, held, coding, { samples: 9 });
    expect(nine.rate).toBeCloseTo(three.rate, 5);
    expect(nine.distortion).not.toBe(three.distortion);
    expect(await estimateElbo(runner, held, coding)).not.toHaveProperty("drawError");
  });

  test("has the error of its draws in closed form", async () => {
    // −log p(x|μ + s·ε) = |r − Jᵀε|² / 2σ² + …, r = x − b − μW, J = diag(s) W: variance |Jr|²/σ⁴ + ½ tr (JJᵀ)²/σ⁴.
    const J = Matrix.diag(posteriorVariances.map((v) => Math.sqrt(WIDER * v))).mmul(W);
    const gram = J.mmul(J.transpose());
    const r = residuals.clone().sub(residuals.mmul(posteriorMean.transpose()).mmul(W));
    const linear = r.mmul(J.transpose());
    const variance =
      linear.mul(linear).sum() / SIGMA ** 4 + (IMAGES * 0.5 * gram.mmul(gram).trace()) / SIGMA ** 4;
    const samples = 200;
    const { drawError } = await estimateElbo(runner, held, coding, { samples });
    expect(drawError! / (Math.sqrt(variance / samples) / IMAGES)).toBeCloseTo(1, 1);
  });
});

const others = backendNames.filter((name) => name !== "wasm");
test.for<BackendName>(others)("%s agrees", async (name, context) => {
  try {
    await useBackend(name, { threads: 1 });
  } catch (error) {
    if (error instanceof VaeError) return context.skip(error.message);
    throw error;
  }
  const { nll, nllStandardError } = await estimateNll(model().runner, held, coding, { k: 20 });
  expectAllClose([nll, nllStandardError], [onWasm.nll, onWasm.nllStandardError], 1e-4);
});
