import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { assumedSection } from "../src/explain/sections/assumed.ts";
import { residualsSection } from "../src/explain/sections/residuals.ts";
import { likelihoodSchema } from "../src/model/likelihoods/index.ts";
import { notationOf } from "../src/model/notation.ts";
import { inFolder } from "./helpers/vae.ts";

const { run, text, folder } = inFolder();

const wasm = ["--backend", "wasm", "--threads", "1"];

const tiny = [
  ...["--dataset.trainCount", "300", "--dataset.testCount", "40", "--dataset.validation", "60"],
  ...["--hidden", "8", "--backend", "wasm", "--threads", "1", "--quiet", "--epochs", "2"],
  ...["--likelihood", "gaussian", "--sigma", "shared", "--condition", "label"],
];

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args, "--json", ...wasm);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

beforeAll(async () => {
  const trained = await run("train", ...tiny, "--model", "regression", "--out", "regression");
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stdout + trained.stderr).toMatch(/NLL +\S+ ± \S+ nats per image, -log p\(x\|y\), exact/);
}, 60_000);

describe("a regression", () => {
  test("logs the loss alone: no rate and no β", () => {
    const [head, ...rows] = text("regression", "metrics.csv").trim().split("\n");
    expect(head).toBe("step,epoch,split,loss,distortion,elbo,bitsPerDim,sigma,learningRate");
    for (const row of rows) {
      const [, , , loss, distortion, elbo] = row.split(",").map(Number);
      expect([distortion, -elbo!]).toEqual([loss, loss]);
    }
  });

  test("is evaluated by an NLL that is exact", async () => {
    const found = await json("evaluate", "regression");
    expect(found.nll).toBe(-found.elbo);
    expect(found.nll).toBe(found.distortion);
    expect(found.nllStandardError).toBe(found.elboStandardError);
    expect(found.rate).toBe(0);
    expect(found).not.toHaveProperty("k");
    expect(found).not.toHaveProperty("gap");
    const { stdout } = await run("evaluate", "regression", ...wasm);
    expect(stdout).toMatch(/ {2}NLL .* -log p\(x\|y\), exact/);
    expect(stdout).not.toMatch(/ELBO|rate/);
    const refused = await run("evaluate", "regression", "--k", "5");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("its NLL is exact");
  });

  test("is explained as maximum likelihood, with its residuals", async () => {
    const { stdout } = await run("explain", "regression", ...wasm);
    expect(stdout).toContain("no latent");
    expect(stdout).toContain("loss = −log p(x|y)");
    expect(stdout).not.toMatch(/ELBO|KL\(|β|\|z|\(z/);
    const { batch, residuals, tools } = await json("explain", "regression");
    const { parts, loss } = batch.printed;
    const sum = parts.reduce((sum: number, part: { nats: number }) => sum + part.nats, 0);
    expect(loss).toBeCloseTo(sum, 9);
    expect(residuals.meanSquaredResidual).toBeCloseTo(batch.errors.SSE / 784, 12);
    expect(residuals.sigmaSquared).toBeCloseTo(batch.sigma ** 2, 12);
    expect(tools.expressible).toBe(false);
    expect(tools.reason).toContain("no condition");
  });

  test("shows its noise against the Gaussian, with a picture", async () => {
    const { residual, centralLimit, argument } = await json("explain", "regression", "--noise");
    expect(residual.images).toBe(40);
    expect(residual.gapPerImage).toBeCloseTo(784 * residual.gapPerValue, 9);
    expect(residual.gapPerValue).toBeCloseTo(residual.gaussianEntropy - residual.entropy, 12);
    expect(residual.gapPerValue).toBeGreaterThan(0);
    expect(Object.keys(centralLimit)).toEqual(["uniform", "exponential", "Laplace", "residuals"]);
    expect(centralLimit.residuals.map(({ n }: { n: number }) => n)).toEqual([1, 2, 5, 30]);
    expect(existsSync(join(folder, argument.figure))).toBe(true);
    const refused = await run("explain", "--noise");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("give its run folder");
  });
});

test("a conditional VAE is explained as a bound on −log p(x|y)", async () => {
  const { stdout, code, stderr } = await run(
    ...["explain", ...tiny.filter((flag) => flag !== "--quiet"), "--latent-dim", "2"],
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("loss = E_q[−log p(x|z, y)] + KL(q(z|x, y) ‖ p(z|y)) = −ELBO");
  expect(stdout).toContain("a bound on −log p(x|y)");
  expect(stdout).toContain("each has no condition y");
  expect(stdout).not.toMatch(/\|z\)|\|x\)|p\(z\)|μ\(z\)/);
});

test("the symbols follow what a model is given, and say nothing new without a condition", () => {
  const written = "p(x|z), q(z|x) ‖ p(z), μ(z), m_k(z), given z, −log p(x), exp(z)";
  const given = { name: "y" } as never;
  const inferred = "latents";
  expect(notationOf({ inferred })(written)).toBe(written);
  expect(notationOf({ given, inferred })(written)).toBe(
    "p(x|z, y), q(z|x, y) ‖ p(z|y), μ(z, y), m_k(z, y), given z and y, −log p(x|y), exp(z)",
  );
  expect(notationOf({ given, inferred: "nothing" })("p(x|z), μ(z), given z")).toBe("p(x|y), μ(y), given y");
});

test("residuals of twice the variance would gain D/2 (2 − 1 − log 2) by the right σ", () => {
  const [D, sigma] = [100, 0.3];
  const terms = { images: 1, errors: { SSE: D * 2 * sigma ** 2, SAE: 0 }, sigma };
  const { facts } = residualsSection(likelihoodSchema.parse({ kind: "gaussian" }), terms as never, D);
  const minusLogP = (variance: number) =>
    terms.errors.SSE / (2 * variance) + (D / 2) * Math.log(2 * Math.PI * variance);
  expect(facts.gain).toBeCloseTo(minusLogP(sigma ** 2) - minusLogP(2 * sigma ** 2), 9);
});

test("the familiar writings are −log p(x|y) at their σ, less what they leave out", () => {
  const [D, SSE] = [784, 40];
  const { facts } = assumedSection(likelihoodSchema.parse({ kind: "gaussian" }), D);
  const printed = [SSE / 2, SSE, SSE / D];
  for (const [i, { scale, dropped }] of facts.writings.entries()) {
    const minusLogP = SSE / (2 * scale ** 2) + (D / 2) * Math.log(2 * Math.PI * scale ** 2);
    expect(printed[i]! + dropped).toBeCloseTo(minusLogP, 9);
  }
});
