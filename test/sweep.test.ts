import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { VaeError } from "../src/base/errors.ts";
import { loadConfig } from "../src/config/load.ts";
import { overridesFrom } from "../src/config/options.ts";
import { settle } from "../src/runs/experiment.ts";
import { stateOf } from "../src/sweeps/cellState.ts";
import { type Cell, cellsOf } from "../src/sweeps/cells.ts";
import { type Distribution, draw } from "../src/sweeps/distributions.ts";
import { readCell, readPlan, runPath, writePlan } from "../src/sweeps/plan.ts";
import { readSweep } from "../src/sweeps/readSweep.ts";
import { jobScript, ranges } from "../src/sweeps/slurm.ts";
import { cellText, countsText } from "../src/sweeps/status.ts";
import { shellText, trainArguments } from "../src/sweeps/trainCommand.ts";
import { madeUpRun } from "./helpers/madeUpRuns.ts";
import { inFolder } from "./helpers/vae.ts";

const root = mkdtempSync(join(tmpdir(), "vae-sweep-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;

/** A new file of this text. */
function file(text: string, name = "study.yaml"): string {
  const path = join(root, String(made++), name);
  mkdirSync(dirname(path));
  writeFileSync(path, text);
  return path;
}

const cells = (text: string | undefined, flags: Record<string, string> = {}, count?: number) =>
  cellsOf(
    readSweep(
      text === undefined ? undefined : file(text),
      new Map(Object.entries(flags)),
      count === undefined ? {} : { count },
    ),
  );

const runs = (...given: Parameters<typeof cells>) => cells(...given).cells.map(({ run }) => run);

/** What a usage error says. */
function refusal(...given: Parameters<typeof cells>): string {
  try {
    cells(...given);
  } catch (error) {
    if (error instanceof VaeError && error.code === "usage") return error.message;
    throw error;
  }
  return "accepted";
}

/** The configuration that `vae train` makes of the arguments of a cell. */
function configOf(folder: string, cell: Cell) {
  const [command, ...args] = trainArguments(folder, cell);
  expect(command).toBe("train");
  expect(args.slice(-2)).toEqual(["--out", runPath(folder, cell)]);
  const options = args.slice(0, -2);
  const pairs = options.flatMap((name, i) => (i % 2 === 0 ? [[name.slice(2), options[i + 1]!]] : []));
  return settle(loadConfig(undefined, overridesFrom(Object.fromEntries(pairs))));
}

describe("cells", () => {
  test("of flags: values with commas and ranges in all combinations, the last fastest; single ones for all", () => {
    const { cells: made } = cells("likelihood: { kind: bernoulli }", {
      "objective.beta": "0.5,2",
      "training.seed": "0..2",
      "training.epochs": "3",
    });
    expect(made.map(({ run }) => run)).toEqual([
      ...["beta=0.5,seed=0", "beta=0.5,seed=1", "beta=0.5,seed=2"],
      ...["beta=2,seed=0", "beta=2,seed=1", "beta=2,seed=2"],
    ]);
    expect(made[4]!.settings).toEqual({
      "likelihood.kind": "bernoulli",
      "objective.beta": 2,
      "training.epochs": 3,
      "training.seed": 1,
    });
  });

  test("of a setting that is a list: one value, or several in brackets", () => {
    expect(runs(undefined, { "model.network.hidden": "400,200" })).toEqual(["run"]);
    expect(runs(undefined, { "model.network.hidden": "[400,200],[8]" })).toEqual([
      "hidden=400-200",
      "hidden=8",
    ]);
  });

  test("of a file: a list and a random search times the grid, on a base beside the file", () => {
    const base = file("training: { epochs: 7 }\nlikelihood: { kind: bernoulli }", "base.yaml");
    const vary = `
      grid: { beta: [1, 2], training.seed: 0..1 }
      list:
        - { likelihood: gaussian, likelihood.sigma: shared }
        - { likelihood: laplace }
      random: { count: 3, settings: { lr: { distribution: logUniform, min: 0.0001, max: 0.01 } } }`;
    const { cells: made } = cells(`base: ${base}\nvary:${vary}`);
    expect(made.length).toBe(2 * 3 * 2 * 2);
    expect(new Set(made.map(({ run }) => run)).size).toBe(made.length);
    expect(made[0]!.run).toMatch(
      /^likelihood\.kind=gaussian,sigma=shared,learningRate=0\.0\d+,beta=1,seed=0$/,
    );
    expect(made.at(-1)!.settings).toMatchObject({ "likelihood.kind": "laplace", "training.epochs": 7 });
    expect(made.at(-1)!.settings).not.toHaveProperty("likelihood.sigma");
  });

  test("draws stay where there are more of them, or other settings beside", () => {
    const search = (count: number, more = "") =>
      cells(
        `vary: { random: { count: ${count}, seed: 4, settings: { latentDim: { distribution: int, min: 2, max: 90 }${more} } } }`,
      ).cells.map(({ settings }) => settings["model.latentDim"]);
    const five = search(5);
    expect(search(9).slice(0, 5)).toEqual(five);
    expect(search(5, ", beta: { distribution: uniform, min: 0, max: 1 }")).toEqual(five);
    expect(new Set(five).size).toBeGreaterThan(2);
  });

  test("in the format of W&B", () => {
    const grid = "program: train.py\nmethod: grid\nmetric: { name: loss, goal: minimize }\nparameters:\n";
    expect(
      cells(
        `${grid}  training.epochs: { value: 2 }\n  objective:\n    parameters: { beta: { values: [1, 4] } }`,
      ).cells,
    ).toEqual([
      { run: "beta=1", settings: { "objective.beta": 1, "training.epochs": 2 } },
      { run: "beta=4", settings: { "objective.beta": 4, "training.epochs": 2 } },
    ]);
    const random = `method: random\nrun_cap: 30\nparameters:
      objective.beta: { values: [1, 4] }
      model.latentDim: { min: 2, max: 5 }
      learningRate: { distribution: log_uniform, min: -9, max: -5 }`;
    const drawn = cells(random).cells;
    expect(drawn.length).toBe(30);
    for (const { settings } of drawn) {
      expect([1, 4]).toContain(settings["objective.beta"]);
      expect([2, 3, 4, 5]).toContain(settings["model.latentDim"]);
      expect(Math.log(settings["training.learningRate"] as number)).toBeGreaterThan(-9.001);
      expect(Math.log(settings["training.learningRate"] as number)).toBeLessThan(-4.999);
    }
    expect(cells(random, {}, 7).cells).toEqual(drawn.slice(0, 7));
  });

  test("that would be the same are one, and others of one name are told apart", () => {
    expect(cells(undefined, { "objective.beta": "1,2,1" })).toMatchObject({ repeated: 1 });
    const names = runs(undefined, {
      "dataset.name": "npz",
      "dataset.path": "a/b.npz,a-b.npz",
    });
    expect(names[0]).toMatch(/^path=.*a-b\.npz~[0-9a-f]{8}$/);
    expect(new Set(names).size).toBe(2);
  });

  test("are checked before any runs: the cell is named, and what is wrong with it", () => {
    const checks: [RegExp, ...Parameters<typeof cells>][] = [
      [
        /^Cell beta=-1: --beta \(objective\.beta\): expected number >= 0, got -1\.$/,
        undefined,
        { beta: "1,-1" },
      ],
      [/Of 4 cells, 2 have/, undefined, { beta: "1,-1", seed: "0,1" }],
      [
        /^Cell likelihood\.kind=laplace: .*sigma\) is not a setting of laplace/,
        undefined,
        { likelihood: "gaussian,laplace", sigma: "0.1" },
      ],
      [/no density/, undefined, { likelihood: "bernoulli", "dataset.pixels": "gray,auto" }],
      [/bta is not a setting/, "vary: { grid: { objective.bta: [1] } }"],
      [/trainnig is not a setting/, "base: { trainnig: { epochs: 1 } }\nvary: {}"],
      [/varies in more than one/, "vary: { grid: { beta: [1] }, list: [{ objective.beta: 2 }] }"],
      [/gird is not known. Did you mean grid/, "vary: { gird: { beta: [1] } }"],
      [/vary\.random\.settings\.lr.*/, "vary: { random: { settings: { lr: { distribution: normal } } } }"],
      [/min is at most max/, "vary: { random: { settings: { lr: { distribution: int, min: 2, max: 1 } } } }"],
      [
        /vary\.random\.count in the file, or --count/,
        "vary: { random: { settings: { lr: { distribution: choice, values: [1] } } } }",
      ],
      [/method bayes is not one of those read/, "method: bayes\nparameters: {}"],
      [/4\.\.0 is no range/, undefined, { "training.seed": "4..0" }],
      [/Accepted: up to 1000000/, undefined, { seed: "0..9999", beta: "0..9999" }],
    ];
    for (const [words, ...given] of checks) expect(refusal(...given)).toMatch(words);
  });
});

test.each<[Distribution, unknown, unknown]>([
  [{ distribution: "uniform", min: -1, max: 1 }, -1, 0],
  [{ distribution: "logUniform", min: 1e-4, max: 1e-2 }, 1e-4, 1e-3],
  [{ distribution: "int", min: 3, max: 6 }, 3, 5],
  [{ distribution: "choice", values: ["a", "b"] }, "a", "b"],
])("%o: its values at the places 0 and 1/2", (distribution, first, middle) => {
  expect([draw(distribution, 0), draw(distribution, 0.5)]).toEqual([first, middle]);
});

test("an int is each of its values as often: at the last place below 1, the largest", () => {
  expect(draw({ distribution: "int", min: 3, max: 6 }, 1 - 2 ** -32)).toBe(6);
});

describe("vae train", () => {
  test("makes of a cell's arguments the configuration of its base and what varies", () => {
    const base = file(
      "likelihood: { kind: gaussian, sigma: 0.2, mean: linear }\nobjective: { kind: iwae, samples: 1 }\n" +
        "dataset: { name: npz, path: data/x y.npz, range: [-1, 1] }\ntraining: { optimizer: { kind: adamw } }\n",
    );
    const flags = { "model.network.hidden": "[400,200],[8]", "training.adam.beta1": "0.5,0.6" };
    const { cells: made } = cellsOf(readSweep(base, new Map(Object.entries(flags))));
    expect(made.length).toBe(4);
    for (const cell of made) {
      const { "model.network.hidden": hidden, "training.optimizer.beta1": beta1 } = cell.settings;
      const direct = new Map([
        ["model.network.hidden", JSON.stringify(hidden)],
        ["training.optimizer.beta1", String(beta1)],
      ]);
      expect(configOf("runs/x", cell)).toEqual(settle(loadConfig(base, direct)));
    }
  });

  test("is printed for a shell", () => {
    const args = ["train", "--hidden", "[8,4]", "--dataset.path", "it's x", "--out", "runs/beta=1,seed=0"];
    expect(shellText(args)).toBe(
      "train --hidden '[8,4]' --dataset.path 'it'\\''s x' --out runs/beta=1,seed=0",
    );
  });
});

describe("a plan", () => {
  const planned = (flags: Record<string, string>) => cells(undefined, flags).cells;

  test("has a line for each cell, which is read alone as among all", async () => {
    const folder = join(root, "lines");
    const made = planned({ beta: "1,2.5,100000", "dataset.path": "ä,bcd", "dataset.name": "npz" });
    await writePlan({ folder, cells: made });
    expect(readPlan(folder).cells).toEqual(made);
    expect(made.map((_, i) => readCell(folder, i))).toEqual(made);
    expect(() => readCell(folder, made.length)).toThrow(/has no cell 6/);
    expect(() => readCell(join(root, "none"), 0)).toThrow(/no such file/);
  });

  test("grows, and loses or changes no cell", async () => {
    const folder = join(root, "growing");
    await writePlan({ folder, cells: planned({ beta: "1,2" }) });
    await writePlan({ folder, cells: planned({ beta: "1,2,4" }) });
    expect(readPlan(folder).cells.length).toBe(3);
    await expect(writePlan({ folder, cells: planned({ beta: "1,2" }) })).rejects.toThrow(
      /beta=4 is not in this one/,
    );
    await expect(writePlan({ folder, cells: planned({ beta: "1,2,4", epochs: "9" }) })).rejects.toThrow(
      /beta=1 has other settings/,
    );
    writeFileSync(join(folder, "cells.jsonl"), "{}\n");
    expect(() => readPlan(folder)).toThrow(/is damaged/);
  });
});

test("a cell stands where its run's folder says", () => {
  const folder = join(root, "states");
  const cell = (run: string, settings = {}): Cell => ({ run, settings });
  const state = (run: string, settings = {}) => stateOf(folder, cell(run, settings));
  for (const status of ["finished", "diverged", "failed", "interrupted", "running"] as const)
    madeUpRun(join(folder, status), { status, epochs: 4 });
  expect(state("none")).toEqual({ status: "waiting", epochs: 0 });
  expect(state("finished", { "likelihood.kind": "bernoulli" })).toMatchObject({
    status: "finished",
    minusElbo: 100,
  });
  expect(state("running")).toMatchObject({ status: "interrupted", epochs: 4 }); // it says so, but nobody has it
  for (const status of ["diverged", "failed", "interrupted"])
    expect(state(status)).toMatchObject({ status, epochs: 4 });
  expect(state("finished", { "objective.beta": 2 })).toMatchObject({
    status: "unusable",
    why: "its run has objective.beta 1, the cell 2",
  });
  const all = [state("finished"), state("diverged"), state("none"), state("other")];
  expect(countsText(all)).toBe("4 cells: 1 finished, 1 diverged, 2 waiting");
  expect(cellText(cell("a"), all[0]!)).toBe("a  finished  validation -ELBO 100.00, 4 epochs, 1:30");
});

test("a job script runs one cell, and goes on after its time limit or a death", () => {
  const script = jobScript("/runs/it's", { time: "1:00", gres: "gpu:1", cpus: 4 });
  expect(script).toMatch(/^#!\/bin\/bash\n#SBATCH --output=/);
  for (const line of ["--requeue", "--signal=B:USR1@60", "--time=1:00", "--gres=gpu:1", "--cpus-per-task=4"])
    expect(script).toContain(`\n#SBATCH ${line}\n`);
  expect(script).toContain("sweep run '/runs/it'\\''s' --cell $(($1 + SLURM_ARRAY_TASK_ID)) --threads");
  expect(ranges([0, 1, 2, 5, 7, 8])).toBe("0-2,5,7-8");
});

describe("processes", () => {
  const { folder, run } = inFolder();
  test("what diverged is left and told, and what cannot be trained ends no other", async () => {
    const settings = { "dataset.trainCount": "300", "dataset.testCount": "40", "dataset.validation": "60" };
    madeUpRun(join(folder, "mixed/beta=1"), { settings, status: "diverged", epochs: 1 });
    mkdirSync(join(folder, "mixed/beta=2"));
    writeFileSync(join(folder, "mixed/beta=2/notes.txt"), "mine");
    const same = [
      ...Object.entries(settings).flatMap(([path, value]) => [`--${path}`, value]),
      "--epochs",
      "1",
    ];
    const args = ["sweep", ...same, "--likelihood", "bernoulli", "--beta", "1,2", "--out", "mixed"];
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^mixed: 2 cells: 1 failed, 1 diverged\nbeta=1 {2}diverged {2}1 epoch\nbeta=2 {2}failed/,
    );
    expect(stderr).toMatch(/beta=2: Error: mixed\/beta=2 is there already and is not a run/);
    expect(stderr).toContain("Go on with: vae sweep run mixed");
    expect(readdirSync(join(folder, "mixed/beta=2"))).toEqual(["notes.txt"]);
  });
});
