import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { part } from "../../src/data/dataset.ts";
import { imageFields } from "../../src/data/images.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import * as tf from "../../src/tensors/tf.ts";
import { tinyTraining } from "../helpers/tiny.ts";
import { closedForm, rowsOf, smallDigits } from "./probabilisticPca.ts";

/**
 * A VAE whose encoder and decoder are linear, with one learned σ, is probabilistic PCA: its bound can reach the exact
 * log-likelihood, which has a closed form (Lucas et al. 2019, "Don't blame the ELBO!", section 3).
 */
const LATENTS = 5;
const fields = imageFields([10, 10, 1]);
const train = smallDigits("train", 4000);
const held = smallDigits("test", 200);
const training = () =>
  tinyTraining(
    {
      "model.latentDim": `${LATENTS}`,
      "model.network.hidden": "[]",
      "likelihood.sigma": "shared",
      "likelihood.mean": "linear",
      "training.batchSize": "500",
      "training.epochs": "250",
      "training.learningRate": "0.02",
      "training.schedule": "cosine",
    },
    { dataset: { name: "small", fields, train, validation: held, test: held, hashes: {} } },
  );
await useBackend("wasm", { threads: 1 });
const { run, vae, runner, coding } = training();
const exact = closedForm(train, LATENTS);
const weights = (name: string) => {
  const variable = [...vae.parameters].find(([key]) => key === name)![1];
  return { data: Array.from(variable.dataSync()), shape: variable.shape };
};

beforeAll(async () => {
  await run();
}, 120_000);

test("the learned σ² is the mean of the discarded eigenvalues", () => {
  const sigma = tf.tidy(() => (vae.likelihood.sigma!() as tf.Scalar).dataSync()[0]!);
  expect(Math.abs(sigma ** 2 / exact.sigmaSquared - 1)).toBeLessThan(0.005);
});

test("the bound is the exact log-likelihood", async () => {
  const { distortion, rate } = await estimateElbo(runner, train, coding);
  const elbo = -(distortion + rate);
  expect(Math.abs(elbo / exact.logProb - 1)).toBeLessThan(0.005);
});

test("log p(x) = ELBO + KL(q ‖ p(z|x)), image by image", async () => {
  const kernel = weights("decoder.output.kernel"); // z W + b, [L, D]
  const W = Matrix.from1DArray(kernel.shape[0]!, kernel.shape[1]!, kernel.data);
  const b = weights("decoder.output.bias").data;
  const sigmaSquared = Math.exp(2 * weights("likelihood.logSigma").data[0]!);
  const images = rowsOf(part(held, Object.values(fields), 0, 20));
  const residuals = images.clone().subRowVector(b);

  // p(x) = N(b, WᵀW + σ²), p(z|x) = N(M⁻¹ W (x − b), σ² M⁻¹) with M = W Wᵀ + σ² (Tipping and Bishop 1999, eq. 4 and 5).
  const covariance = W.transpose().mmul(W).add(Matrix.eye(100).mul(sigmaSquared));
  const M = W.mmul(W.transpose()).add(Matrix.eye(LATENTS).mul(sigmaSquared));
  const logDet = (A: Matrix) =>
    2 *
    new CholeskyDecomposition(A).lowerTriangularMatrix.diagonal().reduce((sum, d) => sum + Math.log(d), 0);
  const posteriorMean = new CholeskyDecomposition(M).solve(W.mmul(residuals.transpose())).transpose(); // [N, L]
  const posteriorPrecision = M.clone().div(sigmaSquared);
  const solved = new CholeskyDecomposition(covariance).solve(residuals.transpose()).transpose();

  // E_q[log p(x|z)] is that of a quadratic in z: its mean over the 2L points μ ± √L s_i e_i is exact.
  const x = tf.tensor2d(Float32Array.from(images.to1DArray()), [20, 100]);
  const { mu, logVar, rate, logProb } = tf.tidy(() => {
    const noiseAt = (i: number, sign: number) =>
      tf.mul<tf.Tensor2D>(tf.oneHot(tf.fill([20], i, "int32"), LATENTS), sign * Math.sqrt(LATENTS));
    const passes = Array.from({ length: LATENTS }, (_, i) => i).flatMap((i) =>
      [1, -1].map((sign) => vae.forward({ x, posterior: tf.cast(noiseAt(i, sign), "float32") })),
    );
    const { q } = passes[0]!;
    return {
      mu: q.params["mean"]!.arraySync() as number[][],
      logVar: q.params["logVar"]!.arraySync() as number[][],
      rate: passes[0]!.rate.arraySync(),
      logProb: passes.map((pass) => pass.logProb.arraySync()),
    };
  });
  for (let n = 0; n < 20; n++) {
    const elbo = logProb.reduce((sum, of) => sum + of[n]! / logProb.length, 0) - rate[n]!;
    const quadratic = solved.getRow(n).reduce((sum, value, d) => sum + value * residuals.get(n, d), 0);
    const logEvidence = -0.5 * (100 * Math.log(2 * Math.PI) + logDet(covariance) + quadratic);
    // KL(N(μ, diag s²) ‖ N(m, P⁻¹)) = ½ (Σ P_ii s_i² + (μ − m)ᵀ P (μ − m) − L − log |P| − Σ log s_i²)
    const variances = logVar[n]!.map(Math.exp);
    const offset = Matrix.rowVector(mu[n]!.map((value, i) => value - posteriorMean.get(n, i)));
    const trace = variances.reduce((sum, v, i) => sum + v * posteriorPrecision.get(i, i), 0);
    const distance = offset.mmul(posteriorPrecision).mmul(offset.transpose()).get(0, 0);
    const logVariances = logVar[n]!.reduce((a, c) => a + c);
    const kl = 0.5 * (trace + distance - LATENTS - logDet(posteriorPrecision) - logVariances);
    expect(kl).toBeGreaterThan(-1e-4);
    expect(Math.abs(logEvidence / (elbo + kl) - 1)).toBeLessThan(1e-4);
  }
  x.dispose();
});
