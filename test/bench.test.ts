import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nameOf, variants, workerCommand } from "../bench/engines.js";
import { goals, reached } from "../bench/goals.js";
import { configOf, rows } from "../bench/models.js";
import { jsonOf, resultsOf } from "../bench/results.js";
import { chosenRows, chosenVariants } from "../bench/selection.js";
import { quantile, ratio, summarise, undisturbedRatio } from "../bench/statistics.js";
import { resultsTable } from "../bench/table.js";

const KEYS = [
  "model",
  "batch",
  "engine",
  "step",
  "msPerStep",
  "imagesPerSecond",
  "ratioToTorchEager",
  "peakMiB",
];

const variant = (name: string) => variants.find((v) => nameOf(v) === name)!;
const torch = { variant: variant("torch eager"), rounds: [[4, 4, 4], [8]], peakMiB: 300.4 };
const recorded = { variant: variant("tensorflow recorded"), rounds: [[1, 2, 3], [2]], peakMiB: null };

describe("statistics", () => {
  test("quantiles are linear between neighbours", () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
    expect(quantile([10, 0], 0.1)).toBe(1);
    expect(quantile([7], 0.9)).toBe(7);
  });

  test("the median and spread are those of all steps", () => {
    expect(summarise([[1, 2], [3], [4, 5]])).toEqual({ median: 3, low: 1.4, high: 4.6 });
  });

  test("a ratio compares the turns of one round, so a machine that slows down cancels", () => {
    const other = [[4], [40], [400]];
    const ours = [[1], [10], [100]];
    expect(ratio(ours, other)).toBe(0.25);
    expect(undisturbedRatio(ours, other)).toBeCloseTo(0.25, 10);
  });
});

describe("results", () => {
  const row = rows[0]!;

  test("JSON has the eight keys", () => {
    const results = jsonOf(resultsOf(row, [torch, recorded]));
    expect(results).toHaveLength(2);
    for (const result of results) expect(Object.keys(result)).toEqual(KEYS);
    expect(results[1]).toEqual({
      model: "784-400-20",
      batch: 128,
      engine: "tensorflow",
      step: "recorded",
      msPerStep: 2,
      imagesPerSecond: 64_000,
      ratioToTorchEager: 0.375,
      peakMiB: null,
    });
  });

  test("without PyTorch there is no ratio", () => {
    expect(resultsOf(row, [recorded])[0]!.ratioToTorchEager).toBeNull();
  });

  test("the table shows what is known", () => {
    expect(`\n${resultsTable(resultsOf(row, [torch, recorded]))}\n`).toMatchInlineSnapshot(`
      "
      | model      | engine     | step     | batch | ms/step |   10-90 % | images/s | x torch eager | peak MiB |
      |------------|------------|----------|------:|--------:|----------:|---------:|--------------:|---------:|
      | 784-400-20 | torch      | eager    |   128 |    4.00 | 4.00-6.80 |   32,000 |          1.00 |      300 |
      | 784-400-20 | tensorflow | recorded |   128 |    2.00 | 1.30-2.70 |   64,000 |          0.38 |        - |
      "
    `);
  });

  test("goals name engines that there are, and are checked where both sides ran", () => {
    const names = variants.map(nameOf);
    expect(goals.length).toBeGreaterThan(0);
    for (const { ours, other } of goals) expect(names).toEqual(expect.arrayContaining([ours, other]));
    const rounds = new Map([torch, recorded].map(({ variant, rounds }) => [nameOf(variant), rounds]));
    expect(reached(row, rounds)).toMatchObject([{ other: "torch eager", ratio: 0.375, atMost: 0.45 }]);
    expect(reached({ ...row, batch: 512 }, rounds)).toEqual([]);
  });
});

describe("selection", () => {
  test("a quick run has one row and no compiler", () => {
    expect(chosenRows({ quick: true })).toEqual([rows[0]]);
    const names = chosenVariants({ quick: true }, rows[0]!).map(nameOf);
    expect(names).toContain("torch eager");
    expect(names).not.toContain("torch compiled");
  });

  test("engines that are named take part in a quick run too", () => {
    const chosen = chosenVariants({ quick: true, engines: ["wasm-stock"] }, rows[0]!);
    expect(chosen.map(nameOf)).toEqual(["wasm-stock eager"]);
  });

  test("the example has one hidden layer, and is measured where the model has one too", () => {
    const steps = rows.filter(({ task }) => task === "step");
    expect(steps.length).toBeGreaterThan(1);
    for (const row of steps) {
      const has = chosenVariants({}, row).some(({ engine }) => engine === "tfjs-example");
      expect(has).toBe(row.model === "784-400-20");
    }
  });

  test("the ELBO is measured recorded where passes are recorded, and operation by operation on every backend", () => {
    const row = rows.find(({ task }) => task === "elbo")!;
    const ours = chosenVariants({ engines: ["tensorflow", "webgpu", "wasm"] }, row).map(nameOf);
    expect(ours).toEqual(["tensorflow recorded", "tensorflow eager", "webgpu eager", "wasm eager"]);
  });

  test("every model is a configuration", () => {
    expect(rows.length).toBeGreaterThan(1);
    for (const { model } of rows) expect(configOf(model).likelihood.kind).toBe("bernoulli");
    expect(configOf("784-500-500-40").model).toMatchObject({
      latentDim: 40,
      network: { hidden: [500, 500] },
    });
  });

  test("VAE_BENCH_PYTHON names the interpreter", () => {
    process.env["VAE_BENCH_PYTHON"] = "/opt/python";
    expect(workerCommand(variant("torch eager"), {})[0]).toBe("/opt/python");
    delete process.env["VAE_BENCH_PYTHON"];
    expect(workerCommand(variant("torch eager"), {})[0]).toBe("python3");
  });
});

test("a real run on wasm", () => {
  const script = join(import.meta.dirname, "../bench/bench.js");
  const args = "--quick --engines wasm --steps eager --rounds 1 --seconds 0.05 --threads 1 --json".split(" ");
  const results = JSON.parse(
    execFileSync(process.execPath, [script, ...args], { encoding: "utf8", stdio: "pipe" }),
  );
  expect(results).toHaveLength(1);
  const [result] = results;
  expect(Object.keys(result)).toEqual(KEYS);
  expect(result).toMatchObject({ model: "784-400-20", batch: 128, engine: "wasm", step: "eager" });
  expect(result.msPerStep).toBeGreaterThan(0);
  expect(result.imagesPerSecond).toBeCloseTo(128_000 / result.msPerStep, 3);
  expect(result.ratioToTorchEager).toBeNull();
});
