import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { createProgram } from "../src/cli.ts";
import { loadConfig } from "../src/config/load.ts";
import { part } from "../src/data/dataset.ts";
import { assessLatents, isLinearVae } from "../src/evaluation/exactLatents.ts";
import { explain } from "../src/explain/explain.ts";
import { renderJson } from "../src/explain/render/json.ts";
import { renderMarkdown } from "../src/explain/render/markdown.ts";
import { renderText } from "../src/explain/render/text.ts";
import { buildExperiment, settle } from "../src/runs/experiment.ts";
import { RandomStream } from "../src/tensors/random.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { tinyTraining } from "./helpers/tiny.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-explain-weights-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "houses.csv");
const ROWS = 60;

/** Two features that say nearly the same, one that says something else; targets of each kind. */
beforeAll(() => {
  const random = new RandomStream("houses");
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const area = 100 + 20 * random.normal();
    const rooms = area / 20 + 0.3 * random.normal();
    const age = 30 * random.uniform();
    const price = 3 * area + 10 * rooms - 2 * age + 12 * random.normal();
    return [
      area,
      rooms,
      age,
      price,
      Math.round(age / 5),
      price > 350 ? "dear" : "cheap",
      ["a", "b", "c"][i % 3],
    ];
  });
  const head = "area,rooms,age,price,visits,class,street";
  writeFileSync(file, `${[head, ...lines.map((line) => line.join(","))].join("\n")}\n`);
});

const flags = (settings: Record<string, string>) => ({
  "model.kind": "bnn",
  "dataset.name": "table",
  "dataset.path": file,
  "dataset.features": "area,rooms,age",
  "dataset.target": "price",
  "model.network.hidden": "[4]",
  "objective.warmup": "0",
  "training.batchSize": "16",
  "training.epochs": "2",
  "training.passesPerEpoch": "5",
  backend: "wasm",
  threads: "1",
  ...settings,
});

/** The page of some settings, for a model before its first step, and its facts as a program reads them. */
async function explained(settings: Record<string, string>) {
  const config = settle(loadConfig(undefined, new Map(Object.entries(flags(settings)))));
  const experiment = await buildExperiment(config, { onProgress: () => {} });
  const page = await explain({ ...experiment, pixels: "auto", weights: "the model before its first step" });
  return { page, facts: JSON.parse(renderJson(page)), model: experiment.model };
}

const cases: Record<string, string>[] = [
  { "likelihood.sigma": "15" },
  { "likelihood.sigma": "shared", "model.weights.posterior.kind": "fullLastLayer", "objective.beta": "0.5" },
  { "likelihood.sigma": "perPixel", "model.weights.posterior.estimator": "flipout" },
  { "likelihood.sigma": "shared", "model.weights.posterior.kind": "mixture" },
  { "likelihood.sigma": "15", "model.weights.posterior.kind": "point", "objective.beta": "0.25" },
  { "likelihood.kind": "laplace", "likelihood.scale": "10" },
  { "likelihood.kind": "student-t", "likelihood.scale": "shared" },
  { "likelihood.kind": "huber", "likelihood.scale": "12" },
  { "likelihood.kind": "gaussian-mixture", "likelihood.scale": "perPixel" },
  { "likelihood.kind": "poisson", "dataset.target": "visits", "dataset.features": "area,rooms" },
  { "likelihood.kind": "bernoulli", "dataset.target": "class", "objective.beta": "0" },
  { "likelihood.kind": "categorical", "dataset.target": "street" },
];

describe.each(cases.map((settings) => ({ settings, name: Object.values(settings).join(", ") })))(
  "$name",
  ({ settings }) => {
    let found: Awaited<ReturnType<typeof explained>>;
    beforeAll(async () => {
      found = await explained(settings);
    });

    test("speaks of rows and weights alone, on 92 columns", () => {
      for (const text of [renderText(found.page), renderMarkdown(found.page)]) {
        expect(text).not.toMatch(/image|pixel|decoder|encoder|latent|bits/i);
        expect(text).not.toMatch(/undefined|NaN|Infinity|\[object/);
        expect(text).not.toMatch(/Σ_d|\bx − μ|\(D\/2\)|SSE \//);
      }
      for (const line of renderText(found.page).split("\n"))
        expect(line.length, line).toBeLessThanOrEqual(92);
      expect(Object.keys(found.facts)).toEqual([
        ...["title", "likelihood", "reduction", "dropped", "freeEnergy", "objective", "weightDecay"],
        ...["temperature", "batch", "tools"],
      ]);
    });

    test("the printed digits re-add, and the terms of the weights are the rate", () => {
      const { printed } = found.facts.batch;
      const sum = printed.parts.reduce((total: number, { nats }: { nats: number }) => total + nats, 0);
      expect(sum).toBeCloseTo(printed.distortion, 9);
      expect(printed.distortion + printed.weightedRate).toBeCloseTo(printed.loss, 9);
      expect(Math.abs(printed.loss - printed.unrounded)).toBeLessThan(3e-4);
      for (const { name, formula } of printed.parts) expect(formula).not.toBe(name);
      const { terms, rows } = found.facts.weightDecay;
      expectAllClose([printed.rate], [terms.rate / rows], 1e-4);
      const { decay, spread, priorConstant, minusEntropy, rate } = terms;
      expectAllClose([decay + spread + priorConstant + minusEntropy], [rate], 1e-9);
    });
  },
);

describe.each(["1", "0.3"])("λ at β = %s", (beta) => {
  test("2σ² · loss is MSE + λ Σ w² and a constant, in stored units", async () => {
    const { facts } = await explained({
      "likelihood.sigma": "15",
      "model.weights.posterior.kind": "point",
      "model.weights.prior.scale": "[0.5,2]",
      "objective.beta": beta,
    });
    const { layers, rows, terms } = facts.weightDecay;
    const { deviation } = facts.likelihood.standardized;
    const factor = 2 * (15 / deviation) ** 2;
    expectAllClose([facts.weightDecay.factor], [factor], 1e-6);
    // σ²β / N s², s of a kernel over √inputs: 3 features, 4 hidden units.
    const scales = [0.5 / Math.sqrt(3), 0.5, 2 / Math.sqrt(4), 2];
    const lambdas = scales.map((s) => ((15 / deviation) ** 2 * Number(beta)) / (rows * s ** 2));
    const named = layers as { lambda: number; squares: number }[];
    expectAllClose(
      named.map(({ lambda }) => lambda),
      lambdas,
      1e-5,
    );

    const { printed, errors } = facts.batch;
    const constant = facts.dropped.nats + (Number(beta) * terms.priorConstant) / rows;
    const decayed = named.reduce((sum, { squares }, i) => sum + lambdas[i]! * squares, 0);
    const mse = (errors.rmse / deviation) ** 2;
    expectAllClose([factor * (printed.unrounded - constant)], [mse + decayed], 1e-5);
  });
});

describe("the same network elsewhere", () => {
  test("the weight of the KL beside MSE is 2σ²β / N of standardised targets", async () => {
    const { facts } = await explained({
      "likelihood.sigma": "15",
      "objective.beta": "0.5",
      "model.weights.prior.fanIn": "false",
      "model.weights.prior.learned": "false",
    });
    const { rows, standardized } = facts.likelihood;
    const weight = (2 * (15 / standardized.deviation) ** 2 * 0.5) / rows;
    expectAllClose([facts.tools.weight], [weight], 1e-6);
    const settings = facts.tools.tools.map(({ settings }: { settings: string }) => settings);
    for (const text of settings) expect(text).toContain(String(Number(weight.toPrecision(7))).slice(0, 6));
  });

  test("what cannot be written there says why", async () => {
    const { facts } = await explained({});
    const [blitz, , probability] = facts.tools.tools;
    expect(blitz).toMatchObject({
      settings: null,
      reason: expect.stringMatching(/one s for kernel and biases/),
    });
    expect(probability.settings).toContain("DenseLocalReparameterization");
  });
});

describe("a run of which all is known", () => {
  const out = join(folder, "run");
  const run = async (...args: string[]) => {
    let output = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      output += text;
      return true;
    });
    try {
      await createProgram().parseAsync(args, { from: "user" });
    } finally {
      write.mockRestore();
    }
    return output;
  };
  let facts: ReturnType<typeof JSON.parse>;
  beforeAll(async () => {
    const settings = flags({
      "model.network.hidden": "[]",
      "model.weights.prior.learned": "false",
      "likelihood.sigma": "15",
    });
    const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    await run("train", ...given, "--out", out, "--quiet");
    facts = JSON.parse(await run("explain", out, "--json", "--backend", "wasm", "--threads", "1"));
  }, 60_000);

  test("log p(D) = ELBO + KL(q ‖ p(w|D)), and the draws agree", () => {
    const { logEvidence, elbo, gap, meanFieldGap, drawn, weights } = facts.exact;
    expectAllClose([elbo + gap], [logEvidence], 1e-6);
    expect(gap).toBeGreaterThan(meanFieldGap);
    for (const [estimate, exact] of [
      [drawn.elbo, elbo],
      [drawn.gap, gap],
    ]) {
      expect(Math.abs(estimate.mean - exact)).toBeLessThan(5 * estimate.standardError);
    }
    // By Jensen's inequality between the bound and log p(D), but for its error.
    const { mean, standardError } = drawn.logEvidence;
    expect(mean).toBeGreaterThan(elbo);
    expect(mean).toBeLessThan(logEvidence + 5 * standardError);
    expect(weights.map(({ name }: { name: string }) => name)).toEqual(["area", "rooms", "age", "bias"]);
    for (const { variances, ratio } of weights) {
      expect(variances.meanField).toBeLessThanOrEqual(variances.exact * (1 + 1e-12));
      expect(ratio).toBeCloseTo(variances.meanField / variances.exact, 12);
    }
  });

  test("the two weights that the rows do not tell apart are drawn", () => {
    const { pair, figure } = facts.exact;
    expect(pair.names).toEqual(["area", "rooms"]);
    expect(pair.correlation).toBeLessThan(-0.9);
    const [aa, ab, bb] = pair.exact.covariance;
    expect(ab / Math.sqrt(aa * bb)).toBeCloseTo(pair.correlation, 9);
    expect(pair.meanField.covariance[0]).toBeCloseTo(aa * (1 - pair.correlation ** 2), 3);
    const { width, height } = PNG.sync.read(readFileSync(figure));
    expect([width, height]).toEqual([2080, 800]);
  });

  test("the page has no word of images, and --noise is not for it", async () => {
    const text = await run("explain", out, "--backend", "wasm", "--threads", "1");
    expect(text).not.toMatch(/image|pixel|decoder|latent/i);
    expect(text).toContain("Where all is known: log p(D) = ELBO + KL(q ‖ p(w|D))");
    await expect(run("explain", out, "--noise", "--backend", "wasm")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/predicts the rows of a table\. `vae evaluate/),
    });
  });
});

describe("a linear VAE", () => {
  const linear = {
    "model.network.hidden": "[]",
    "likelihood.mean": "linear",
    "likelihood.sigma": "shared",
  };
  beforeAll(async () => {
    await useBackend("wasm", { threads: 1 });
  });

  test("log p(x) = ELBO + KL(q(z|x) ‖ p(z|x)) of each image, and the estimators agree", async () => {
    const { config, coding, vae, runner, dataset, run } = tinyTraining({ ...linear, "training.epochs": "2" });
    await run();
    if (!isLinearVae(runner, config)) throw new Error("it is linear");
    const exactLatents = await assessLatents(runner, part(dataset.train, vae.fields, 0, 6), coding);
    const { images, mean, drawErrors } = exactLatents;
    for (const { logProb, elbo, gap, logProbEstimate } of images) {
      expectAllClose([elbo + gap], [logProb], 1e-6);
      expect(gap).toBeGreaterThan(0);
      expect(logProbEstimate).toBeGreaterThan(elbo - 1);
    }
    expect(Math.abs(mean.elboEstimate - mean.elbo)).toBeLessThan(5 * drawErrors.elbo);
    const subject = {
      config,
      coding,
      dataset,
      model: vae,
      pixels: "auto",
      weights: "two epochs",
      exactLatents,
    };
    const page = await explain(subject);
    const text = renderText(page);
    expect(text).toContain("log p(x) = ELBO + KL(q(z|x) ‖ p(z|x))");
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(92);
    expect(JSON.parse(renderJson(page)).exact.mean).toEqual(mean);
  });

  test.each([
    { ...linear, "model.network.hidden": "[8]" },
    { ...linear, "likelihood.mean": "sigmoid" },
    { ...linear, "likelihood.sigma": "perPixel" },
    { ...linear, "model.prior.kind": "gaussianMixture" },
  ])("is none with %j", (settings) => {
    const { config, runner } = tinyTraining(settings);
    expect(isLinearVae(runner, config)).toBe(false);
  });
});
