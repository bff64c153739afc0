import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { BOUND, columns } from "../src/comparison/columns.ts";
import { type CompareOptions, compare } from "../src/comparison/compare.ts";
import { drawComparison } from "../src/comparison/figures.ts";
import { findRuns } from "../src/comparison/findRuns.ts";
import { ranksOf } from "../src/comparison/ranking.ts";
import { comparisonCsv, comparisonJson, comparisonText } from "../src/comparison/render.ts";
import { type Report, writeReport } from "../src/comparison/report/report.ts";
import { shortNames } from "../src/comparison/settingsOf.ts";
import { overlaps, placeLabels } from "../src/figures/charts/placeLabels.ts";
import { evaluationLine, madeUpRun, madeUpSweep } from "./helpers/madeUpRuns.ts";
import { inFolder } from "./helpers/vae.ts";

const root = mkdtempSync(join(tmpdir(), "vae-compare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
/** A folder of its own. */
const fresh = () => {
  const folder = join(root, `${count++}`);
  mkdirSync(folder);
  return folder;
};

/** Made-up runs by name, compared. */
function compared(runs: Record<string, Parameters<typeof madeUpRun>[1]>, options: CompareOptions = {}) {
  const folder = fresh();
  for (const [name, run] of Object.entries(runs)) madeUpRun(join(folder, name), run);
  return { folder, ...compare([folder], options) };
}

const names = (paths: readonly { path: string }[], folder: string) =>
  paths.map(({ path }) => path.slice(folder.length + 1));

describe("finding runs", () => {
  test("at any depth, each once, past what is no run and links that lead back", () => {
    const folder = fresh();
    for (const name of ["run-10", "run-9", "deep/er/run"]) madeUpRun(join(folder, name));
    mkdirSync(join(folder, "notes"));
    writeFileSync(join(folder, "notes", "run.json"), '{"status":"of something else"}');
    symlinkSync(folder, join(folder, "deep", "back"));
    symlinkSync(join(folder, "run-9"), join(folder, "same-as-9"));
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
    const found = findRuns([folder, join(folder, "run-9"), join(folder, "deep")]);
    expect(names(found, folder)).toEqual(["deep/er/run", "run-9", "run-10"]);
  });

  test("a folder without runs, and what is no folder, are told", () => {
    const folder = fresh();
    expect(() => findRuns([folder])).toThrow(/There is no run in .*vae train/);
    expect(() => findRuns([join(folder, "x")])).toThrow(/x is no folder/);
  });
});

describe("rows", () => {
  test("runs that differ in their seed alone are one, mean ± standard error over seeds", () => {
    const { groups } = compared({
      a: { seed: 0, distortion: 75 },
      b: { seed: 1, distortion: 76 },
      c: { seed: 2, distortion: 78.5 },
      other: { settings: { "objective.beta": "4" }, distortion: 90 },
    });
    const [row, other] = groups[0]!.rows;
    expect(row!.runs.map(({ config }) => config.training.seed)).toEqual([0, 1, 2]);
    const { mean, overSeeds, overImages } = row!.numbers[BOUND.key]!;
    expect(mean).toBeCloseTo(101.5, 10); // 25 + (75 + 76 + 78.5) / 3
    expect(overSeeds).toBeCloseTo(Math.sqrt((1.5 ** 2 + 0.5 ** 2 + 2 ** 2) / 2 / 3), 10);
    expect(overImages).toBeCloseTo(0.2, 10);
    expect(other!.numbers[BOUND.key]).not.toHaveProperty("overSeeds");
    expect(groups[0]!.varying).toEqual(["objective.beta"]);
  });

  test("a seed that is there twice counts once, and backend and threads are no difference", () => {
    const comparison = compared({
      a: { seed: 0 },
      b: { seed: 0, settings: { backend: "wasm", threads: "1" } },
      c: { seed: 1 },
    });
    const [row, ...others] = comparison.groups[0]!.rows;
    expect(others).toEqual([]);
    expect(row!.runs).toHaveLength(2);
    expect(
      names(
        row!.repeated.map(({ folder }) => folder),
        comparison.folder,
      ),
    ).toEqual(["b"]);
    expect(comparisonText(comparison)).toMatch(/Counted once.*\/b\./);
  });

  describe("of a table", () => {
    const ofTable = (minusLogProb: number, rmse: number, settings: Record<string, string> = {}, seed = 0) => {
      const scores = {
        kind: "regression",
        rows: 31,
        draws: 100,
        logLikelihood: -minusLogProb,
        logLikelihoodStandardError: 0.04,
        rmse,
        coverage: [
          { nominal: 0.5, observed: 0.4 },
          { nominal: 0.9, observed: 0.8 },
        ],
      };
      const flags = {
        "dataset.name": "table",
        "dataset.path": "yacht.csv",
        "dataset.testRows": "splits.json",
        "model.kind": "bnn",
        "likelihood.kind": "gaussian",
      };
      const predictions = { validation: { ...scores, logLikelihood: 1 - minusLogProb }, test: scores };
      const testHash = `${settings["dataset.split"] ?? 0}`;
      return { seed, testHash, settings: { ...flags, ...settings }, summary: { predictions } };
    };
    const numbersOf = ({ groups }: ReturnType<typeof compare>) =>
      groups.map(({ rows }) => rows.map(({ numbers }) => numbers));

    test("runs of its splits are one row: mean ± standard error over splits, in the units of the file", () => {
      const comparison = compared({
        a: ofTable(1, 0.5, { "dataset.split": "0" }),
        b: ofTable(1.2, 0.7, { "dataset.split": "1" }),
        c: ofTable(1.1, 0.9, { "dataset.split": "2" }),
      });
      const [[row]] = numbersOf(comparison) as [[Record<string, object>]];
      expect(comparison.groups[0]!.rows).toHaveLength(1);
      expect(row!["test.rmse"]).toEqual({
        mean: expect.closeTo(0.7, 12),
        overSeeds: expect.closeTo(0.2 / Math.sqrt(3), 12),
      });
      // Each split has rows of its own, so that their error falls with the number of splits.
      expect(row!["test.minusLogProb"]).toEqual({
        mean: expect.closeTo(1.1, 12),
        overSeeds: expect.closeTo(0.1 / Math.sqrt(3), 12),
        overImages: expect.closeTo(0.04 / Math.sqrt(3), 12),
      });
      const text = comparisonText(comparison);
      expect(text).toMatch(/^1 {2}yacht\.csv \(5,000 validation, 10,000 test rows of each of 3 splits\)/);
      expect(text).toMatch(/\| splits \| .*-log p\(y\|x\) test.* RMSE test .* in 90 % test/);
      expect(text).toContain("1.10 ± 0.06");
      expect(text).toContain("± is the standard error over splits where there are several.");
      expect(text).not.toMatch(/pixels|images|bits\/dim/);
    });

    test("splits and seeds together are runs, each once", () => {
      const comparison = compared({
        a: ofTable(1, 0.5, { "dataset.split": "0" }),
        b: ofTable(1, 0.5, { "dataset.split": "0" }, 1),
        c: ofTable(1, 0.5, { "dataset.split": "1" }),
        again: ofTable(1, 0.5, { "dataset.split": "1" }),
      });
      expect(comparison.groups[0]!.rows[0]!.runs).toHaveLength(3);
      expect(comparison.groups[0]!.rows[0]!.repeated).toHaveLength(1);
      expect(comparisonText(comparison)).toMatch(/\| runs \|/);
    });

    test("they are ranked by how rows held out are predicted, and by the bound where none are", () => {
      const better = ofTable(1, 0.5, { "objective.beta": "0.5" });
      const other = ofTable(2, 0.9, { "objective.beta": "1" });
      const held = compared({ a: { ...other, distortion: 1 }, b: { ...better, distortion: 9 } });
      expect(held.groups[0]!.rows.map(({ runs }) => runs[0].folder.path.slice(-1))).toEqual(["b", "a"]);
      expect(comparisonText(held)).toContain("Ranked by -log p(y|x) on validation");
      const none = { "dataset.validation": "0" };
      const all = compared({
        a: { ...other, settings: { ...other.settings, ...none }, distortion: 1 },
        b: { ...better, settings: { ...better.settings, ...none }, distortion: 9 },
      });
      expect(all.groups[0]!.rows.map(({ runs }) => runs[0].folder.path.slice(-1))).toEqual(["a", "b"]);
      expect(comparisonText(all)).toContain("Ranked by -ELBO on validation");
      expect(comparisonText(all)).toContain("none held out for validation");
    });

    test("other rows held out, or another target, are other data", () => {
      const { groups, apart } = compared({
        a: ofTable(1, 0.5),
        b: ofTable(1, 0.5, { "dataset.validation": "0.2" }),
        c: ofTable(1, 0.5, { "dataset.target": "speed" }),
      });
      expect(groups).toHaveLength(3);
      expect(apart).toContain("they were measured on other data");
    });
  });

  test("what another kind has varies only among those that have it", () => {
    const { groups } = compared({
      a: { settings: { "model.prior.kind": "vamp" } },
      b: { settings: { "dataset.limit": "100" } },
    });
    expect(groups[0]!.varying).toEqual(["dataset.limit", "model.prior.kind"]);
  });

  test("settings have their shortest name", () => {
    const paths = ["objective.beta", "model.prior.kind", "model.prior.hidden", "model.network.hidden"];
    expect(shortNames(paths)).toEqual(["beta", "prior.kind", "prior.hidden", "network.hidden"]);
  });
});

describe("ranks", () => {
  const row = (mean: number, overImages?: number, overSeeds?: number) => ({
    mean,
    ...(overImages !== undefined && { overImages }),
    ...(overSeeds !== undefined && { overSeeds }),
  });

  test("are shared where the difference is less than its standard error", () => {
    // √(0.3² + 0.4²) = 0.5
    expect(ranksOf([row(100, 0.3), row(100.49, 0.4)])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(ranksOf([row(100, 0.3), row(100.51, 0.4)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    // Seeds add to it: √(2 · 0.3² + 2 · 0.4²) = 0.707
    expect(ranksOf([row(100, 0.3, 0.4), row(100.7, 0.3, 0.4)])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(ranksOf([row(100, 0.3, 0.4), row(100.72, 0.3, 0.4)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test("a row between two others shares with both, and they not with each other", () => {
    expect(ranksOf([row(101.2, 0.5), row(100, 0.5), row(100.6, 0.5)])).toEqual([
      [2, 3],
      [1, 2],
      [1, 3],
    ]);
  });

  test("nothing is told apart without its error", () => {
    expect(ranksOf([row(100), row(200, 0.1)])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("go by validation, whatever test says", () => {
    const comparison = compared({
      a: { distortion: 80, testLower: 30 },
      b: { distortion: 70, testLower: 0, settings: { "objective.beta": "2" } },
    });
    const [first, second] = comparison.groups[0]!.rows;
    expect(names([first!.runs[0].folder, second!.runs[0].folder], comparison.folder)).toEqual(["b", "a"]);
    expect([first!.rank, second!.rank]).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(first!.numbers["test.minusElbo"]!.mean).toBeGreaterThan(second!.numbers["test.minusElbo"]!.mean);
    expect(comparisonText(comparison)).toMatch(
      /Best by validation: .*\/b\.\nRanked by -ELBO on validation.*test chooses nothing/,
    );
  });

  test("a run is dominated where another has less of one and no more of the other", () => {
    const { groups } = compared({
      a: { rate: 20, distortion: 80 },
      b: { rate: 25, distortion: 70, settings: { "objective.beta": "0.5" } },
      c: { rate: 26, distortion: 82, settings: { "objective.beta": "2" } },
      // Less by less than the error.
      d: { rate: 20.001, distortion: 80.001, settings: { "objective.beta": "3" } },
    });
    const dominated = groups[0]!.rows.filter(({ isDominated }) => isDominated);
    expect(dominated.map(({ runs }) => runs[0].folder.path.at(-1))).toEqual(["c"]);
  });
});

describe("groups that are not ranked against each other", () => {
  const lebesgue = { baseMeasure: "Lebesgue measure on the real line, pixels scaled to [0, 1]" };
  test.each<[string, Parameters<typeof madeUpRun>[1], RegExp]>([
    ["other test data", { testHash: "0the7" }, /measured on other data/],
    ["another base measure", { summary: lebesgue }, /a density may exceed 1 where a probability cannot/],
    [
      "another coding",
      { settings: { "dataset.pixels": "binary-threshold" } },
      /pixels are coded differently/,
    ],
    ["a loss", { summary: { kindOf: "loss" } }, /a loss is no log-probability/],
    ["another protocol", { summary: { protocol: "one z ~ q(z|x) per image" } }, /different protocols/],
  ])("%s", (_, run, why) => {
    const comparison = compared({ a: {}, b: { ...run, seed: 1 } });
    expect(comparison.groups).toHaveLength(2);
    expect(comparison.groups.map(({ rows }) => rows.length)).toEqual([1, 1]); // nor are they one row
    expect(comparison.apart).toMatch(/^The 2 groups are not ranked against each other: /);
    expect(comparison.apart).toMatch(why);
    expect(comparisonText(comparison)).toContain(comparison.apart);
  });

  test("one group says nothing of it", () => {
    expect(compared({ a: {}, b: { seed: 1 } })).not.toHaveProperty("apart");
  });

  test("losses are listed without a rank", () => {
    const splits = { validation: {}, test: {} };
    const loss = (distortion: number) => ({ split: "test", count: 1, distortion, rate: 1 });
    for (const split of ["validation", "test"] as const) splits[split] = { ...loss(5), split };
    const comparison = compared({ a: { summary: { kindOf: "loss", splits } } });
    expect(comparison.groups[0]!.rows[0]).not.toHaveProperty("rank");
    expect(comparisonText(comparison)).toMatch(
      /loss valid\.[\s\S]*A loss that is no likelihood is not ranked/,
    );
  });

  test("densities on different measures are ranked by the bytes where validation tells them", () => {
    const bits = (bitsPerDim: number) => ({
      bitsPerDim,
      bitsPerDimStandardError: 0.01,
      distortion: 1,
      elbo: -1,
    });
    const protocol = "mean over 8 z ~ q(z|x) per image; and the rest";
    const line = (value: number) => evaluationLine("validation", { protocol, levels256: bits(value) });
    const splits = (levels256: object) => {
      const split = { count: 1, samples: 8, distortion: 75, rate: 25, elbo: -100, elboStandardError: 0.2 };
      return { validation: { split: "validation", ...split }, test: { split: "test", ...split, levels256 } };
    };
    const runs = (evaluations: readonly object[][]) => ({
      // By test it would be the other way round.
      a: { summary: { splits: splits(bits(1)) }, evaluations: evaluations[0]! },
      b: { summary: { ...lebesgue, splits: splits(bits(3)) }, evaluations: evaluations[1]! },
    });
    const ranked = compared(runs([[line(2.5)], [line(9), line(1.5)]])); // the newest line counts
    expect(ranked.byBytes!.rows.map(({ runs, rank }) => [runs[0].folder.path.at(-1), rank])).toEqual([
      ["b", [1, 1]],
      ["a", [2, 2]],
    ]);
    expect(ranked.byBytes!.columns.map(({ key }) => key)).not.toContain(BOUND.key);
    const lacking = compared(runs([[line(2.5)], []]));
    expect(lacking).not.toHaveProperty("byBytes");
    expect(lacking.noBytes).toMatch(/vae evaluate RUN --split validation` adds what 1 of them lack/);
  });
});

test("the NLL is that of the best checkpoint on the run's own test images, by its K", () => {
  const nll = (k: number, nll: number) => ({ k, nll, nllStandardError: 0.3 });
  const { groups } = compared({
    a: {
      evaluations: [
        evaluationLine("test", nll(100, 95)),
        evaluationLine("test", nll(100, 94)),
        evaluationLine("test", { ...nll(100, 90), checkpoint: "last" }),
        evaluationLine("test", nll(100, 91), 3), // of a best epoch that is no longer
        evaluationLine("test", { ...nll(100, 92), datasetSha256: "0the7" }),
        evaluationLine("validation", nll(100, 93)),
        evaluationLine("test", nll(5000, 89)),
      ],
    },
  });
  const [{ numbers }] = groups[0]!.rows as [(typeof groups)[0]["rows"][0]];
  expect(numbers["test.nll.k100"]).toEqual({ mean: 94, overImages: 0.3 });
  expect(numbers["test.nll.k5000"]!.mean).toBe(89);
});

test("what is unfinished or damaged stands apart with its state, and ends nothing", () => {
  const folder = fresh();
  madeUpRun(join(folder, "whole"));
  madeUpRun(join(folder, "diverged"), { status: "diverged" });
  madeUpRun(join(folder, "killed"), { status: "running" });
  madeUpRun(join(folder, "damaged"));
  writeFileSync(join(folder, "damaged", "summary.json"), "{");
  madeUpRun(join(folder, "edited"));
  writeFileSync(join(folder, "edited", "config.yaml"), "training:\n  epoch: 3\n");
  madeUpRun(join(folder, "bare"));
  rmSync(join(folder, "bare", "summary.json"));
  const comparison = compare([folder]);
  expect(comparison.groups.flatMap(({ runs }) => runs)).toHaveLength(1);
  const states = Object.fromEntries(
    comparison.unfinished.map(({ path, state }) => [path.slice(folder.length + 1), state]),
  );
  expect(states).toMatchObject({
    bare: "finished, without its summary.json",
    damaged: expect.stringMatching(/summary\.json is damaged/),
    diverged: "diverged after 5 of 5 epochs",
    edited: expect.stringMatching(/training\.epoch is not a setting .*Did you mean training\.epochs/),
    killed: "killed after 5 of 5 epochs",
  });
  expect(comparisonText(comparison)).toContain("Not finished, and not compared (5):");
});

describe("filters and order", () => {
  const runs = {
    a: { settings: { "objective.beta": "1" }, distortion: 70 },
    b: { settings: { "objective.beta": "2" }, distortion: 80 },
    c: { settings: { "objective.beta": "10" }, distortion: 60 },
  };
  const order = (options: CompareOptions) =>
    compared(runs, options)
      .groups[0]!.rows.map(({ runs }) => runs[0].folder.path.at(-1))
      .join("");

  test.each<[CompareOptions, string]>([
    [{}, "cab"],
    [{ sort: "beta" }, "abc"],
    [{ sort: "-objective.beta" }, "cba"],
    [{ sort: "-validation.distortion" }, "bac"],
    [{ where: ["beta=1,2"] }, "ab"],
    [{ where: ["beta=2.0"] }, "b"],
    [{ where: ["likelihood.kind=bernoulli", "objective.beta=10"] }, "c"],
  ])("%j", (options, expected) => expect(order(options)).toBe(expected));

  test.each<[CompareOptions, RegExp]>([
    [{ where: ["beta=3"] }, /None of the 3 finished runs has beta=3/],
    [{ where: ["beta"] }, /--where beta is no filter.*beta=1,2/],
    [{ where: ["objective.betta=1"] }, /objective\.betta is not a setting\. Did you mean objective\.beta\?/],
    [{ sort: "hidden" }, /hidden is several: model\.network\.hidden, model\.prior\.hidden/],
  ])("%j is told", (options, message) => expect(() => order(options)).toThrow(message));
});

test("CSV has a line for each row, and JSON every number with both errors", () => {
  const comparison = compared({
    a: { seed: 0, settings: { "model.network.hidden": "32,16" } },
    b: { seed: 1, settings: { "model.network.hidden": "32,16" } },
    c: { settings: { "model.network.hidden": "8" }, distortion: 90 },
  });
  const [head, first, second, ...others] = comparisonCsv(comparison).split("\n");
  expect(others).toEqual([]);
  expect(head).toMatch(
    /^group,rank\.first,rank\.last,model\.network\.hidden,seeds,validation\.minusElbo,validation\.minusElbo\.overSeeds,/,
  );
  expect(first).toMatch(/^1,1,1,"\[32,16\]",2,100,0,0\.2,/);
  expect(second).toMatch(/^1,2,2,\[8\],1,115,,0\.2,/);
  const { groups } = JSON.parse(JSON.stringify(comparisonJson(comparison)));
  expect(groups[0].best).toBe(join(comparison.folder, "a"));
  expect(groups[0].rows[0]).toMatchObject({
    rank: [1, 1],
    settings: { "model.network.hidden": [32, 16] },
    seeds: [0, 1],
    beta: 1,
    numbers: { "validation.minusElbo": { mean: 100, overSeeds: 0, overImages: 0.2 } },
  });
});

test("the keys of the columns are different", () => {
  const keys = columns([1, 2]).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

describe("labels", () => {
  const area = { left: 0, top: 0, width: 200, height: 200 };
  const style = { font: "11px DejaVu Sans", lineHeight: 15, isCrowded: false };
  const place = (labels: [x: number, y: number][], isCrowded = false) =>
    placeLabels(
      labels.map(([x, y]) => ({ x, y, text: "beta 1" })),
      area,
      labels.map(([x, y]) => ({ left: x - 5, top: y - 5, width: 10, height: 10 })),
      { ...style, isCrowded },
    ).map(({ box }) => box);

  test("stand right of their points, or left of them at the right edge", () => {
    const [first, second] = place([
      [20, 20],
      [190, 80],
    ]);
    expect(first!.left).toBe(28);
    expect(second!.left + second!.width).toBe(182);
  });

  test("never overlap each other or points, and go away from those that are close, or are left out in a crowd", () => {
    const close = Array.from({ length: 12 }, (_, i): [number, number] => [90 + i, 100]);
    const boxes = place(close);
    expect(boxes.length).toBeGreaterThan(6);
    for (const [i, box] of boxes.entries())
      expect(boxes.slice(i + 1).filter((other) => overlaps(box, other))).toEqual([]);
    expect(place(close, true).length).toBeLessThan(boxes.length);
  });
});

describe("figures", () => {
  const draw = async (folder: string, runs = folder) => {
    const warnings: string[] = [];
    const files = await drawComparison(compare([runs]), folder, (text) => warnings.push(text));
    expect(warnings).toEqual([]);
    return files.map(({ file }) => file.slice(folder.length + 1));
  };

  test("as SVG where that is asked for", async () => {
    const folder = fresh();
    for (const beta of ["1", "2"])
      madeUpRun(join(folder, beta), { settings: { "objective.beta": beta }, distortion: 70 });
    const drawn = await drawComparison(compare([folder]), folder, (text) => expect.fail(text), "svg");
    expect(drawn.map(({ file }) => file.slice(folder.length + 1))).toEqual([
      "compare-rd.svg",
      "compare-curves.svg",
    ]);
    for (const { file } of drawn) expect(readFileSync(file, "utf8")).toMatch(/^<svg .*beta 2.*<\/svg>/s);
  });

  /** Whether nothing reaches the edge of a picture, where it would be cut. */
  function isWhole(file: string): boolean {
    const { data, width, height } = PNG.sync.read(readFileSync(file));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isEdge = x < 8 || y < 8 || x >= width - 8 || y >= height - 8;
        if (isEdge && data[4 * (y * width + x)]! + data[4 * (y * width + x) + 1]! < 500) return false;
      }
    }
    return true;
  }

  test("a sweep has its plane, its curves and its map, whole", async () => {
    const folder = fresh();
    madeUpSweep(folder, 80);
    const files = await draw(folder);
    expect(files).toEqual(["compare-rd.png", "compare-curves.png", "compare-heat.png"]);
    for (const file of files) expect(isWhole(join(folder, file)), file).toBe(true);
  });

  test("long names, equal numbers and β = 0 do not spoil them", async () => {
    const folder = fresh();
    for (const [i, beta] of ["0", "1", "1000"].entries()) {
      const name = `${"a-very-long-name-of-a-run-".repeat(6)}${i}`;
      madeUpRun(join(folder, name), { settings: { "objective.beta": beta }, epochs: 1 });
    }
    const files = await draw(folder);
    expect(files).toEqual(["compare-rd.png", "compare-curves.png"]);
    for (const file of files) expect(isWhole(join(folder, file)), file).toBe(true);
  });

  test("of one row there is nothing to draw, and each group has its own", async () => {
    const folder = fresh();
    madeUpRun(join(folder, "alone"), { testHash: "a10e" });
    for (const beta of ["1", "2", "4"])
      madeUpRun(join(folder, `a${beta}`), { settings: { "objective.beta": beta } });
    for (const beta of ["1", "2"])
      madeUpRun(join(folder, `b${beta}`), { settings: { "objective.beta": beta }, testHash: "b" });
    expect(await draw(folder)).toEqual([
      ...["compare-rd.png", "compare-curves.png"],
      ...["compare-rd-2.png", "compare-curves-2.png"],
    ]);
  });

  test("samples stand side by side, of the runs that have some", async () => {
    const folder = fresh();
    for (const [i, beta] of ["1", "2", "3", "4"].entries()) {
      const run = madeUpRun(join(folder, beta), { settings: { "objective.beta": beta }, distortion: 70 + i });
      if (beta !== "3") drawnSamples(run, 60 * i);
    }
    expect(await draw(folder)).toContain("compare-samples.png");
    const { data, width } = PNG.sync.read(readFileSync(join(folder, "compare-samples.png")));
    // From left to right along a line through the pictures: the red of each, in the order of the table.
    const reds = Array.from({ length: width }, (_, x) => data.subarray(4 * (300 * width + x)))
      .filter(([, green]) => green === 10)
      .map(([red]) => red);
    expect([...new Set(reds)]).toEqual([0, 60, 180]);
  });
});

/** A picture of one colour, as a run's samples. */
function drawnSamples(run: string, red: number): void {
  const png = new PNG({ width: 64, height: 64 });
  for (let i = 0; i < png.data.length; i += 4) png.data.set([red, 10, 200, 255], i);
  mkdirSync(join(run, "figures"));
  writeFileSync(join(run, "figures", "samples.png"), PNG.sync.write(png));
}

describe("a report", () => {
  const folder = fresh();
  const runs = join(folder, "runs");
  for (const [i, beta] of ["1", "2"].entries()) {
    for (const seed of [0, 1]) {
      const run = { settings: { "objective.beta": beta }, seed, distortion: 75 + 5 * i - seed };
      // By test β = 2 would be the better.
      drawnSamples(madeUpRun(join(runs, `<b>${beta} & ${seed}`), { ...run, testLower: 20 * i }), 0);
    }
  }
  madeUpRun(join(runs, "a_failed_one"), { status: "failed" });
  madeUpRun(join(runs, "other data"), { testHash: "0the7" });
  const write = (output: string) =>
    writeReport([runs], join(folder, output), (text) => expect.fail(text), { sort: "-beta" });
  let report: Report;
  beforeAll(async () => {
    report = await write("report");
  });
  const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");

  test("its best run is so by validation, among rows and among seeds, whatever test says and the order is", () => {
    expect(report.best.map((path) => path.slice(runs.length + 1))).toEqual(["<b>1 & 1", "other data"]);
    expect(read("report", "report.md")).toMatch(
      /Best by validation: beta 1\. −ELBO 99\.50 ± 0\.50 .* on validation; test, which chose nothing, says 99\.50 ± 0\.50\. /,
    );
  });

  test("is one HTML file with all its figures in it, and Markdown beside them", () => {
    const { html, markdown, figures } = report;
    expect([html, markdown]).toEqual(
      ["report.html", "report.md"].map((name) => join(folder, "report", name)),
    );
    expect(figures).toHaveLength(3);
    const page = readFileSync(html, "utf8");
    const images = [...page.matchAll(/<img alt="[^"]+" width="\d+" height="[\d.]+" src="([^"]*)">/g)];
    expect(images.map(([, source]) => source)).toEqual(
      figures.map((file) => `data:image/png;base64,${readFileSync(file).toString("base64")}`),
    );
    expect(page).not.toMatch(/https?:|<script|<link|url\(|@import/);
    const linked = [...read("report", "report.md").matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(
      ([, file]) => file!,
    );
    expect(linked.map((file) => join(folder, "report", file))).toEqual(figures);
  });

  test("has no markup of what runs are called, and tells what did not finish and what is not ranked", () => {
    const page = read("report", "report.html");
    expect(page).not.toContain("<b>");
    expect(page).toContain("../runs/&lt;b&gt;1 &amp; 0 + 1");
    expect(page).toContain("<code>../runs/a_failed_one</code>: failed after 5 of 5 epochs");
    expect(page).toContain(
      "The 2 groups are not ranked against each other: they were measured on other data",
    );
    expect(read("report", "report.md")).toContain("../runs/\\<b>1 & 0 + 1");
  });

  test("of the same runs is the same to the byte", async () => {
    const before = ["report.html", "report.md"].map((name) => read("report", name));
    await write("report");
    expect(["report.html", "report.md"].map((name) => read("report", name))).toEqual(before);
  });
});

describe("the command", () => {
  const { folder, run } = inFolder();

  test("prints the table, and draws into the folder that was given", async () => {
    madeUpSweep(join(folder, "runs"), 8);
    const { code, stdout, stderr } = await run("compare", "runs");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^1 {2}digits \(.*\n\n\| rank \| beta \| seeds \|/);
    expect(stdout).toContain("runs/compare-rd.png\nruns/compare-curves.png\n");
    expect(existsSync(join(folder, "runs", "compare-rd.png"))).toBe(true);
  });

  test("draws nothing for single runs unless told where, and prints JSON", async () => {
    const paths = ["runs/0/run-0", "runs/0/run-4"];
    const { code, stdout } = await run("compare", ...paths, "--json");
    expect([code, JSON.parse(stdout).figures]).toEqual([0, []]);
    const drawn = await run("compare", ...paths, "--json", "-o", "pictures");
    expect(JSON.parse(drawn.stdout).figures).toEqual([
      "pictures/compare-rd.png",
      "pictures/compare-curves.png",
    ]);
  });

  test("report writes beside the runs and prints where, and of single runs asks for a place", async () => {
    const { code, stdout } = await run("report", "runs");
    expect([code, stdout]).toEqual([0, "runs/report.html\nruns/report.md\n"]);
    expect(existsSync(join(folder, "runs", "report.html"))).toBe(true);
    const ofRun = createProgram().parseAsync(["report", join(folder, "runs/0/run-0")], { from: "user" });
    await expect(ofRun).rejects.toThrow(/-o FOLDER/);
  });

  test("wrong usage is told", async () => {
    const both = await run("compare", "runs", "--csv", "--json");
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("two forms of the same")]);
    const none = await run("compare", "nowhere");
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("nowhere is no folder")]);
  });

  /** `VAE_COMPARE_RUNS=1000` measures what is promised for as many. */
  test("many runs take little memory and time", { timeout: 120_000 }, () => {
    const many = Number(process.env["VAE_COMPARE_RUNS"] ?? 100);
    const runs = join(folder, "many");
    madeUpSweep(runs, many, 50);
    const vae = join(import.meta.dirname, "..", "bin", "vae.js");
    const script =
      "process.on('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();" +
      "process.stderr.write('peak ' + maxRSS + ' cpu ' + (userCPUTime + systemCPUTime)); });" +
      `process.argv.splice(1, 9, 'vae', 'compare', ${JSON.stringify(runs)}, '--json'); import(${JSON.stringify(vae)});`;
    const started = performance.now();
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    const seconds = (performance.now() - started) / 1000;
    const rows: { runs: string[] }[] = JSON.parse(stdout).groups.flatMap(
      (group: { rows: object[] }) => group.rows,
    );
    expect(rows.flatMap(({ runs }) => runs)).toHaveLength(many);
    const [, peak, cpu] = /peak (\d+) cpu (\d+)/.exec(stderr)!;
    const [mebibytes, cpuSeconds] = [Number(peak) / 1024, Number(cpu) / 1e6];
    if (many >= 1000) {
      const spent = `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of processors`;
      process.stderr.write(`${many} runs: ${spent}, ${mebibytes.toFixed(0)} MiB\n`);
    }
    expect(mebibytes).toBeLessThan(500);
    if (many === 1000) expect(Math.min(seconds, cpuSeconds)).toBeLessThan(5); // others may have the machine as well
  });
});
