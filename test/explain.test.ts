import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { useBackend } from "../src/backends/index.ts";
import { createProgram } from "../src/cli.ts";
import { loadConfig } from "../src/config/load.ts";
import type { Config } from "../src/config/schema.ts";
import { withoutDefaults } from "../src/config/withoutDefaults.ts";
import type { Page, Section } from "../src/explain/document.ts";
import { explain } from "../src/explain/explain.ts";
import { reduce } from "../src/explain/reductions/index.ts";
import { equivalentOf } from "../src/explain/reductions/reduction.ts";
import { renderJson } from "../src/explain/render/json.ts";
import { renderMarkdown } from "../src/explain/render/markdown.ts";
import { renderText } from "../src/explain/render/text.ts";
import type { Account } from "../src/explain/sections/batch.ts";
import { programs, tools } from "../src/explain/tools/index.ts";
import type { Tool, WrittenLoss } from "../src/explain/tools/tool.ts";
import { overridesOf, type ToolFlags, translate, translationSection } from "../src/explain/translate.ts";
import { likelihoodSchema, likelihoods } from "../src/model/likelihoods/index.ts";
import { Parameters } from "../src/tensors/parameters.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { tinyDigits, tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const dataset = tinyDigits(70, 10);

const build = (settings: Record<string, string>) => tinyTraining(settings, { dataset });

/** The explanation of some settings, for a model before its first step. */
async function explained(settings: Record<string, string>, section?: Section) {
  const { config, coding, vae } = build(settings);
  const subject = {
    config,
    coding,
    model: vae,
    dataset,
    pixels: "auto",
    weights: "the model before its first step",
  };
  const page = await explain(subject, section);
  const { facts } = page.sections["batch"] as Section<{ printed: Account }>;
  return { page, printed: facts.printed };
}

/** Every kind in every way of giving its scale, at several β. */
const cases: Record<string, string>[] = [
  ...["0.1", "shared", "perPixel"].flatMap((scale): Record<string, string>[] => [
    { "likelihood.kind": "gaussian", "likelihood.sigma": scale },
    ...["laplace", "gaussian-mixture", "discretized-logistic", "student-t", "huber"].map((kind) => ({
      "likelihood.kind": kind,
      "likelihood.scale": scale,
      "objective.beta": scale === "shared" ? "4" : "1",
    })),
  ]),
  { "likelihood.kind": "gaussian", "likelihood.sigma": "0.35", "objective.beta": "0.3" },
  { "likelihood.kind": "gaussian", "likelihood.sigma": "0.35", "objective.beta": "0" },
  { "likelihood.kind": "gaussian-mixture", "likelihood.scale": "0.1", "likelihood.components": "1" },
  { "likelihood.kind": "discretized-logistic", "likelihood.components": "3" },
  { "likelihood.kind": "bernoulli", "objective.beta": "250" },
  { "likelihood.kind": "continuous-bernoulli" },
  { "likelihood.kind": "categorical", "likelihood.levels": "8" },
  { "likelihood.kind": "hybrid", "objective.warmup": "2" },
  { "likelihood.kind": "hybrid", "likelihood.ceWeight": "2", "likelihood.mseWeight": "0" },
  { "likelihood.kind": "hybrid", "likelihood.ceWeight": "0", "likelihood.mseWeight": "50" },
];

const named = cases.map((settings) => ({ settings, name: Object.values(settings).join(", ") }));

test("the cases have each kind", () => {
  const kinds = likelihoodSchema.options
    .map((option) => option.shape.kind.value)
    .filter((kind) => kind !== "poisson"); // of tables
  expect([...new Set(cases.map((settings) => settings["likelihood.kind"]))].toSorted()).toEqual(
    kinds.toSorted(),
  );
});

describe("what is minimised", () => {
  const sectionOf = async (settings: Record<string, string>) => {
    const { page } = await explained(settings);
    const { facts } = page.sections["objective"] as Section<{ formula: string; bound: string | null }>;
    return { page, facts, text: renderText(page).replaceAll(/\s+/g, " ") };
  };

  test.each<[Record<string, string>, string, RegExp]>([
    [{}, "E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z)) = −ELBO", /a bound on −log p\(x\)/],
    [
      { "objective.beta": "4", "objective.warmup": "2", "objective.cycles": "3" },
      "E_q[−log p(x|z)] + β · KL(q(z|x) ‖ p(z)) ≥ −ELBO",
      /still a bound .* - β = 0 → 4 over 2 epochs, 3 times, every 4 epochs .* as it is at β = 4, .* no epoch before epoch 10/,
    ],
    [{ "objective.beta": "0.5" }, "E_q[−log p(x|z)] + β · KL(q(z|x) ‖ p(z))", /no bound on −log p\(x\)/],
    [
      { "objective.kind": "dreg", "objective.samples": "3" },
      "−E[log Σ_k w_k / K], K = 3 ≥ −log p(x)",
      /tighter than the ELBO, here with K = 3. The gradient has the same expectation as iwae's/,
    ],
    [
      { "objective.kind": "freeBits", "objective.lambda": "0.5" },
      "E_q[−log p(x|z)] + Σ_j max(0.5, E[KL_j]) ≥ −ELBO",
      /at least λ = 0.5 nats.* None of pythae, .* can express this/,
    ],
    [
      { "objective.kind": "capacity", "objective.gamma": "30", "objective.capacityEpochs": "5" },
      "E_q[−log p(x|z)] + γ · |KL(q(z|x) ‖ p(z)) − C|",
      /no bound on −log p\(x\).* - γ = 30 - C = 0 → 25 over 5 epochs .* as it is at C = 25/,
    ],
    [{ "likelihood.kind": "hybrid" }, "bare loss + KL(q(z|x) ‖ p(z))", /so it is no bound/],
  ])("%o", async (settings, formula, words) => {
    const { facts, text } = await sectionOf(settings);
    expect(facts.formula).toBe(`loss = ${formula}`);
    expect(facts.bound).toBe(/[=≥] −\S*( p\(x\))?$/.exec(formula)?.[0] ?? null);
    expect(text).toMatch(words);
  });
});

describe.each(named)("$name", ({ settings }) => {
  let page: Page;
  let printed: Account;

  beforeAll(async () => {
    ({ page, printed } = await explained(settings));
  });

  test("the printed digits re-add", () => {
    const unit = 10 ** printed.decimals;
    const units = (value: number) => {
      expect(Math.abs(value * unit - Math.round(value * unit))).toBeLessThan(1e-4); // no hidden digits
      return Math.round(value * unit);
    };
    const sum = (values: number[]) => values.map(units).reduce((a, b) => a + b, 0);
    expect(sum(printed.parts.map((part) => part.nats))).toBe(units(printed.distortion));
    expect(sum([printed.distortion, printed.weightedRate])).toBe(units(printed.loss));
    expect(Math.abs(printed.beta * printed.rate - printed.weightedRate) * unit).toBeLessThan(0.5001);
    if (printed.bound) expect(sum([printed.distortion, printed.rate])).toBe(units(printed.bound.minusElbo));
    // Half a unit for each rounding, and what float32 leaves of the training's own sum.
    const roundings = (printed.parts.length + printed.beta + 1) / 2 / unit;
    expect(Math.abs(printed.loss - printed.unrounded)).toBeLessThan(roundings + 5e-6 * sizeOf(printed));

    const rows = renderText(page)
      .match(/^ {4}[ +=] {2}\S.*?−?\d+\.\d+$/gm)!
      .map((line) => ({
        isTotal: line[4] === "=",
        value: Number(line.match(/(−?\d+\.\d+)$/)![1]!.replace("−", "-")),
      }));
    const first = rows.findIndex(({ isTotal }) => isTotal);
    expect(sum(rows.slice(0, first).map(({ value }) => value))).toBe(units(rows[first]!.value));
    expect(rows[first + 3]!.value).toBe(printed.loss);
    expect(sum([rows[first]!.value, rows[first + 2]!.value])).toBe(units(printed.loss));
  });

  test("the batch is the first that training sees", async () => {
    const { events, run } = build({
      ...settings,
      "training.epochs": "1",
      "objective.warmup": "0",
      "training.logEvery": "1",
    });
    await run();
    const first = events.find((event) => event.type === "step")!;
    expectAllClose([printed.unrounded], [first.metrics.loss], 1e-6);
  });

  test("reads well on 92 columns, and as Markdown", () => {
    for (const line of renderText(page).split("\n")) expect(line.length, line).toBeLessThanOrEqual(92);
    const markdown = renderMarkdown(page);
    const bars = (line: string) => line.replaceAll("\\|", "").split("|").length;
    const tables = markdown.split("\n\n").filter((block) => block.startsWith("|"));
    expect(tables.length).toBeGreaterThan(0);
    for (const table of tables) {
      const [head, ...lines] = table.split("\n");
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(bars(line), line).toBe(bars(head!));
    }
    for (const text of [renderText(page), markdown])
      expect(text).not.toMatch(/undefined|NaN|Infinity|\[object/);
    expect(Object.keys(JSON.parse(renderJson(page)))).toEqual([
      ...["title", "likelihood", "reduction", "dropped", "objective", "tradeOff", "batch", "tools"],
    ]);
  });

  test("has words for each of its terms", async () => {
    const { config, vae } = build(settings);
    const { terms } = reduce(config.likelihood, { D: 784, beta: 1 });
    const given = tf.tidy(() =>
      Object.keys(vae.likelihood.terms(tf.zeros([1, 784, vae.likelihood.paramChannels]), tf.zeros([1, 784]))),
    );
    expect(Object.keys(terms).toSorted()).toEqual(given.toSorted());
  });
});

/** How large the numbers are that were added in float32. */
const sizeOf = ({ parts, weightedRate }: Account) =>
  parts.reduce((sum, part) => sum + Math.abs(part.nats), weightedRate);

test.each<Record<string, string>>([
  { "model.prior.kind": "vamp", "model.prior.pseudoInputs": "3" },
  { "model.posterior.kind": "planarFlow" },
])("with %j the rate is an estimate, and no other tool has it", async (settings) => {
  const { page, printed } = await explained({ "likelihood.kind": "bernoulli", ...settings });
  expect(renderText(page)).toContain("log q(z|x) − log p(z) of that z");
  expect(page.sections["tools"]!.facts).toMatchObject({
    expressible: false,
    reason: "their prior is N(0, I) and their posterior a diagonal Gaussian",
  });
  expect(printed.bound!.minusElbo).toBeCloseTo(printed.distortion + printed.rate, 6);
});

test("a loss that is no likelihood gets no bound", async () => {
  const { page, printed } = await explained({ "likelihood.kind": "hybrid" });
  expect(printed.bound).toBeUndefined();
  const text = renderText(page);
  expect(text).toMatch(/no ELBO, no NLL and no bits\/dim are printed/);
  expect(text).not.toMatch(/−ELBO|bits\/dim:|nats per image/);
});

describe("the constant that others drop", () => {
  test.each([
    [{ kind: "gaussian", sigma: 1, mean: "linear" } as const, 720.4478100324634], // 392 * log(2 * pi)
    [{ kind: "gaussian", sigma: 0.1, mean: "linear" } as const, -1084.7789028748684], // 392 * log(2 * pi * 0.01)
    [{ kind: "laplace", scale: 0.1, mean: "linear" } as const, -1261.7993233483346], // 784 * log(0.2)
    [{ kind: "bernoulli" } as const, 0],
  ])("%j: %f", (config, expected) => {
    expect(reduce(config, { D: 784, beta: 1 }).dropped.nats).toBeCloseTo(expected, 9);
  });

  test("is all that −log p has beside the error, where the scale is fixed", () => {
    for (const config of [
      { kind: "gaussian", sigma: 0.2, mean: "linear" } as const,
      { kind: "laplace", scale: 0.2, mean: "linear" } as const,
      { kind: "student-t", scale: 0.2, mean: "linear", df: 4 } as const,
      { kind: "huber", scale: 0.2, mean: "linear", delta: 1.5 } as const,
    ]) {
      const likelihood = likelihoods.of(config).create(config, new Parameters().scope("likelihood"));
      // At the mean the error is 0.
      const logProb = tf.tidy(
        () => likelihood.logProb(tf.zeros([1, 784, 1]), tf.zeros([1, 784])).dataSync()[0]!,
      );
      expectAllClose([-logProb], [reduce(config, { D: 784, beta: 1 }).dropped.nats!], 1e-5);
    }
  });
});

/** x in [0, 1], reconstructions in (0, 1) and a KL, for two batches; as other tools have them. */
const D = 12;
function randomBatch(seed: number, binary = false) {
  const random = new RandomStream(`batch ${seed}`);
  const x = Array.from({ length: D }, () => (binary ? Math.round(random.uniform()) : random.uniform()));
  const logits = Array.from({ length: D }, () => 2 * random.normal());
  return { x, logits, recon: logits.map((l) => 1 / (1 + Math.exp(-l))), kl: 5 * random.uniform() };
}
type RandomBatch = ReturnType<typeof randomBatch>;

const sumOver = ({ x, recon }: RandomBatch, f: (x: number, r: number) => number) =>
  x.reduce((sum, value, d) => sum + f(value, recon[d]!), 0);
const sse = (batch: RandomBatch) => sumOver(batch, (x, r) => (x - r) ** 2);
const mse = (batch: RandomBatch) => sse(batch) / D;
const sae = (batch: RandomBatch) => sumOver(batch, (x, r) => Math.abs(x - r));
const bce = (batch: RandomBatch) => sumOver(batch, (x, r) => -x * Math.log(r) - (1 - x) * Math.log(1 - r));

/** Each tool's loss as its code has it. */
const theirs: [tool: string, flags: ToolFlags, loss: (batch: RandomBatch) => number][] = [
  ["pythae", {}, (b) => 0.5 * sse(b) + b.kl],
  ["pythae", { beta: "4" }, (b) => 0.5 * sse(b) + 4 * b.kl],
  ["pythae", { beta: "4", reconstructionLoss: "bce" }, (b) => bce(b) + 4 * b.kl],
  ["pytorch-vae", { imageSize: "2x2x3" }, (b) => mse(b) + 0.00025 * b.kl],
  ["pytorch-vae", { imageSize: "2", klWeight: "0.1" }, (b) => mse(b) + 0.1 * b.kl],
  ["keras", {}, (b) => bce(b) + b.kl],
  ["pytorch-example", {}, (b) => bce(b) + b.kl],
  ["tfjs-examples", {}, (b) => mse(b) * D + b.kl],
  ["disentangling-vae", {}, (b) => bce(b) + b.kl],
  [
    "disentangling-vae",
    { beta: "4", reconstructionLoss: "gaussian" },
    (b) => sumOver(b, (x, r) => (255 * x - 255 * r) ** 2) / 255 + 4 * b.kl,
  ],
  ["disentangling-vae", { reconstructionLoss: "laplace" }, (b) => 3 * sae(b) + b.kl],
  ["disentanglement-lib", { beta: "6" }, (b) => bce(b) + 6 * b.kl],
  ["disentanglement-lib", { beta: "6", reconstructionLoss: "l2_loss" }, (b) => sse(b) + 6 * b.kl],
  ["sse", { klWeight: "2" }, (b) => sse(b) + 2 * b.kl],
  ["sse", { klWeight: "0" }, (b) => sse(b)],
  ["mse", { klWeight: "0.01" }, (b) => mse(b) + 0.01 * b.kl],
  ["sae", { klWeight: "0.5" }, (b) => sae(b) + 0.5 * b.kl],
  ["bce", {}, (b) => bce(b) + b.kl],
];

/** Other tools' losses are all translated to a weighted ELBO. */
function betaOf({ objective }: Config): number {
  if (objective.kind !== "elbo") throw new Error(`an ELBO was expected, not ${objective.kind}`);
  return objective.beta;
}

describe.each(theirs)("--from %s %j", (name, flags, theirLoss) => {
  const translated = async () => {
    const translation = await translate(name, flags, async () => D);
    const config = loadConfig(undefined, overridesOf(translation.same));
    return { translation, config };
  };

  test("our loss is theirs, up to a factor and the constant that it states", async () => {
    const { translation, config } = await translated();
    const { likelihood: section } = config;
    const beta = betaOf(config);
    const likelihood = likelihoods.of(section).create(section, new Parameters().scope("likelihood"));
    const ours = ({ x, logits, kl }: RandomBatch) => {
      const logProb = tf.tidy(() =>
        likelihood.logProb(tf.tensor3d(logits, [1, D, 1]), tf.tensor2d(x, [1, D])).dataSync(),
      );
      return -logProb[0]! + beta * kl;
    };
    const reduction = reduce(section, { D, beta });
    const factor = reduction.linear!.factor / translation.loss.a;
    const constant = section.kind === "hybrid" ? 0 : reduction.dropped.nats!;
    for (const batch of [1, 2, 3].map((seed) => randomBatch(seed))) {
      const expected = factor * theirLoss(batch) + constant;
      expectAllClose([ours(batch)], [expected], 3e-6, factor * theirLoss(batch));
    }
  });

  test("translated back it is what it was", async () => {
    const { translation, config } = await translated();
    const beta = betaOf(config);
    const { linear } = reduce(config.likelihood, { D, beta });
    const same = translation.tool.express(equivalentOf(linear!, beta), D);
    expectAllClose([same!.loss.b / same!.loss.a], [translation.loss.b / translation.loss.a], 1e-9);
    expect(same!.loss.error).toBe(translation.loss.error);
  });

  test("the YAML that it prints is a configuration, which says what was implied", async () => {
    const { translation, config } = await translated();
    const { facts } = translationSection(translation, { dataset: { limit: 70 } });
    const folder = mkdtempSync(join(tmpdir(), "vae-explain-"));
    for (const [i, yaml] of [facts.yaml, ...facts.alternatives.map((a) => a.yaml)].entries()) {
      const file = join(folder, `${i}.yaml`);
      writeFileSync(file, yaml);
      const loaded = loadConfig(file);
      expect(loaded.dataset.limit).toBe(70);
      if (i === 0) expect(loaded.likelihood).toEqual(config.likelihood);
      expect(yaml).toMatch(/^# /);
    }
    const isBce = translation.loss.error === "BCE";
    expect(facts.isLikelihood).toBe(!isBce);
    expect(facts.alternatives.map(({ yaml }) => yaml.match(/kind: (\S+)/)![1])).toEqual(
      isBce ? ["bernoulli", "continuous-bernoulli"] : [],
    );
  });
});

test("an honest alternative to BCE on grey pixels is BCE, once the pixels are binary", async () => {
  const { alternatives } = await translate("keras", {}, async () => D);
  const config = loadConfig(undefined, overridesOf(alternatives[0]!.config));
  const likelihood = likelihoods.of(config.likelihood).create(config.likelihood, new Parameters().scope("l"));
  const batch = randomBatch(1, true);
  const logProb = tf.tidy(() =>
    likelihood.logProb(tf.tensor3d(batch.logits, [1, D, 1]), tf.tensor2d(batch.x, [1, D])).dataSync(),
  );
  expectAllClose([-logProb[0]!], [bce(batch)], 1e-6);
});

describe("implied noise levels, as derived by hand", () => {
  const sigma = async (name: string, flags: ToolFlags) =>
    (await translate(name, flags, async () => 784)).same.likelihood["sigma"];

  test.each([
    ["tfjs-examples", {}, Math.SQRT1_2],
    ["pythae", {}, 1],
    ["pythae", { beta: "4" }, 2],
    ["disentanglement-lib", { beta: "4", reconstructionLoss: "l2_loss" }, Math.SQRT2],
    ["disentangling-vae", { reconstructionLoss: "gaussian" }, 0.0442807],
    ["pytorch-vae", {}, 1.2393547], // sqrt(0.00025 * 12288 / 2)
    ["pytorch-vae", { klWeight: "1" }, 78.3836718],
    ["mse", { klWeight: "0.01", imageSize: "32x32x3" }, 3.9191836], // sqrt(0.01 * 3072 / 2)
    ["mse", { klWeight: "0.01" }, 1.979899], // sqrt(0.01 * 784 / 2)
  ])("%s %j: %f", async (name, flags, expected) => {
    expect(await sigma(name, flags)).toBeCloseTo(expected, 6);
  });
});

test("the settings of other tools for one of our models make their loss that model", () => {
  const at = (settings: string) => Number(settings.match(/(?:beta|weight|betaH-B)[= ]([\d.]+)/)![1]);
  const equivalent = { error: "SSE", weight: 0.02 } as const; // σ = 0.1
  const settings = (tool: Tool) => tool.express(equivalent, 784)?.settings;
  expect(at(settings(tools.pythae)!)).toBeCloseTo(0.01, 12); // σ²
  expect(at(settings(tools["pytorch-vae"])!)).toBeCloseTo(0.02 / 784, 10);
  expect(at(settings(tools["disentangling-vae"])!)).toBeCloseTo(5.1, 12); // 510 σ²
  expect(at(settings(tools["disentanglement-lib"])!)).toBeCloseTo(0.02, 12);
  for (const tool of [tools.keras, tools["tfjs-examples"], tools["pytorch-example"]]) {
    expect(settings(tool)).toBeUndefined();
  }
  expect(programs.length).toBeGreaterThan(1);
  for (const tool of programs) {
    const loss: WrittenLoss | undefined = tool.express({ error: "SAE", weight: 1 }, 784)?.loss;
    expect(loss === undefined || loss.error === "SAE").toBe(true);
  }
});

describe("wrong use", () => {
  const run = (...args: string[]) => createProgram().parseAsync(["explain", ...args], { from: "user" });

  test.each([
    [["--from", "pytae"], /no such tool is known\. Accepted: pythae, .* Did you mean pythae\?/],
    [
      ["--from", "keras", "--beta", "2"],
      /--beta means nothing to keras, whose loss is BCE \+ KL on grey pixels/,
    ],
    [["--from", "pythae", "--kl-weight", "2"], /With --from pythae there is --beta, --reconstruction-loss\./],
    [["--from", "pythae", "--image-size", "28"], /--image-size means nothing to pythae/],
    [["--from", "pythae", "--beta", "x"], /--beta: expected a number from 0 on, got "x"/],
    [["--from", "pythae", "--beta", "-1"], /--beta: expected a number from 0 on, got "-1"/],
    [["--from", "pythae", "--reconstruction-loss", "l1"], /is none of pythae's\. Accepted: mse, bce/],
    [["--from", "mse", "--image-size", "28x"], /expected a size such as 64, 28x28 or 64x64x3, got "28x"/],
    [["--from", "sse", "--weight", "1", "--kl-weight", "2"], /are the same thing; give one of them/],
    [
      ["--from", "pythae", "--sigma", "0.1"],
      /--from pythae decides the likelihood and β, so likelihood\.sigma/,
    ],
    [["--from", "pythae", "--objective.beta", "2"], /so objective\.beta cannot be set beside it/],
    [["--kl-weight", "2"], /are settings of other tools; say of which with --from/],
    [["--json", "--markdown"], /two forms of the same; give one of them/],
    [["missing.yaml"], /neither a file missing\.yaml nor a recipe of that name/],
  ])("%j", async (args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(message),
    });
  });
});

test("a recipe keeps its other settings, and another tool's loss takes the place of its likelihood", async () => {
  let output = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output += text;
    return true;
  });
  const recipe = join(import.meta.dirname, "..", "configs", "quick.yaml");
  const small = ["--dataset.trainCount", "300", "--dataset.validation", "50", "--dataset.testCount", "50"];
  try {
    await createProgram().parseAsync(
      ["explain", recipe, "--from", "pythae", "--beta", "4", "--json", "--threads", "1", ...small],
      { from: "user" },
    );
  } finally {
    write.mockRestore();
  }
  const page = JSON.parse(output);
  expect(parse(page.from.yaml)).toEqual({
    dataset: { trainCount: 300, testCount: 50, validation: 50 },
    model: { latentDim: 8, network: { hidden: [128] } },
    likelihood: { kind: "gaussian", sigma: 2 },
    objective: { kind: "elbo", beta: 1 },
    training: { epochs: 2 },
    threads: 1,
  });
  expect(page.likelihood).toMatchObject({
    kind: "gaussian",
    pixels: { asked: "auto", resolved: "gray" },
    D: 784,
  });
  expect(page.tools.tools[0]).toMatchObject({ settings: "reconstruction_loss=mse, beta=4" });
});

test("what a recipe says is what differs from the defaults", () => {
  for (const name of ["quick", "mnist-bernoulli"]) {
    const file = join(import.meta.dirname, "..", "configs", `${name}.yaml`);
    expect(withoutDefaults(loadConfig(file))).toEqual(parse(readFileSync(file, "utf8")));
  }
});

describe("to be read", () => {
  // The command, run above, takes the fastest backend that is there.
  beforeAll(async () => {
    await useBackend("wasm", { threads: 1 });
  });

  test("text", async () => {
    const { page } = await explained({ "likelihood.kind": "gaussian", "likelihood.sigma": "0.1" });
    await expect(renderText(page)).toMatchFileSnapshot("__snapshots__/explain-gaussian.txt");
  });

  test("Markdown", async () => {
    const translation = await translate("keras", {}, async () => 784);
    const { page } = await explained(
      Object.fromEntries(overridesOf(translation.same)),
      translationSection(translation, {}),
    );
    await expect(renderMarkdown(page)).toMatchFileSnapshot("__snapshots__/explain-keras.md");
  });
});

test("the docs' table of other tools is that of the command", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "docs", "explain.md"), "utf8");
  const rows = programs.map(({ title, written, implies }) => `| ${title} | ${written} | ${implies} |`);
  expect(page).toContain(["| tool | loss as written | implied |", "|---|---|---|", ...rows].join("\n"));
});
