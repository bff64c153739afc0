import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { useBackend } from "../src/backends/index.ts";
import { conditionOf, observed, streamOf } from "../src/conditions/index.ts";
import { jsonSchema } from "../src/config/jsonSchema.ts";
import { loadConfig } from "../src/config/load.ts";
import { aboutRecipe, recipes as allRecipes, configFile } from "../src/config/recipes.ts";
import { settings } from "../src/config/settings.ts";
import { cellsOf } from "../src/sweeps/cells.ts";
import { readSweep } from "../src/sweeps/readSweep.ts";
import { linearTable, trainTable } from "./helpers/tables.ts";
import { tinyDigits, tinyTraining } from "./helpers/tiny.ts";

const folder = join(import.meta.dirname, "..", "configs");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".yaml"),
);
const sweeps = files.filter((name) => name.startsWith("sweeps/"));
const recipes = files.filter((name) => !sweeps.includes(name));

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

test("every recipe has a name of its own, which finds it from whichever folder, and says what it is", () => {
  expect(recipes.length).toBeGreaterThan(1);
  const known = allRecipes();
  expect(known.map(({ file }) => relative(folder, file)).toSorted()).toEqual(files.toSorted());
  expect(new Set(known.map(({ name }) => name)).size).toBe(files.length);
  for (const recipe of known) {
    expect(aboutRecipe(recipe)).toMatch(/^[A-Z][^.]{15}/);
    for (const name of [recipe.name, `configs/${relative(folder, recipe.file)}`])
      expect(configFile(name, recipe.command, tmpdir())).toBe(recipe.file);
  }
  expect(configFile("quick.yaml", "train", folder)).toBe(join(folder, "quick.yaml"));
  expect(configFile("mnist-gaussian", "sweep", tmpdir())).toBe(join(folder, "mnist-gaussian.yaml"));
});

test("a file of the name of a recipe comes first", () => {
  const own = mkdtempSync(join(tmpdir(), "vae-recipe-"));
  writeFileSync(join(own, "quick"), "training: { epochs: 1 }");
  expect(configFile("quick", "train", own)).toBe(join(own, "quick"));
  mkdirSync(join(own, "table")); // a folder is no file
  expect(configFile("table", "train", own)).toBe(join(folder, "table.yaml"));
  writeFileSync(join(own, "own.yaml"), "base: digits-bernoulli\nvary: { grid: { training.seed: 0..1 } }");
  expect(cellsOf(readSweep(join(own, "own.yaml"), new Map())).cells).toHaveLength(2);
  rmSync(own, { recursive: true });
});

test.each(sweeps)("%s says what it varies, the command and what to expect, and is a sweep", (name) => {
  const file = join(folder, name);
  const header = readFileSync(file, "utf8").split(/^[^#]/m)[0]!;
  expect(header).toContain(`vae sweep configs/${name}`);
  expect(header).toMatch(/# Expect: /);
  expect(cellsOf(readSweep(file, new Map())).cells.length).toBeGreaterThan(1);
});

describe.each(recipes)("%s", (name) => {
  const file = join(folder, name);
  const text = readFileSync(file, "utf8");

  test("says what it trains, the command, what to expect and how long it took", () => {
    const header = text.slice(0, text.search(/^[^#]/m));
    expect(header).toContain(`vae train configs/${name}`);
    expect(header).toMatch(/# Expect: .*-?\d/);
    expect(header).toMatch(/# Measured: .*\d+ (s|min)/);
    const schema = name.includes("/") ? "../schema.json" : "schema.json";
    expect(header).toContain(`# yaml-language-server: $schema=${schema}`);
  });

  test("states only what differs from the defaults", () => {
    const [config, defaults] = [parse(text), loadConfig(undefined)];
    const at = (root: unknown, path: string) =>
      path
        .split(".")
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root);
    let stated = 0;
    for (const { path, isChoice } of settings()) {
      const value = at(config, path);
      if (value !== undefined) stated++;
      if (value !== undefined && !isChoice) expect(value, path).not.toEqual(at(defaults, path));
    }
    expect(stated).toBeGreaterThan(0);
  });

  test("builds and takes a step", async () => {
    const config = loadConfig(file);
    if (config.model.kind === "bnn") {
      const { objective } = config;
      const { model } = await trainTable(linearTable(30, [1, 2], 0.1), {
        "objective.beta": String("beta" in objective ? objective.beta : 1),
        "training.epochs": "1",
        "training.passesPerEpoch": "1",
      });
      for (const [name, variable] of model.parameters)
        expect(Array.from(variable.dataSync()).every(Number.isFinite), name).toBe(true);
      return;
    }
    const digits = tinyDigits(40, 10);
    const condition = conditionOf(config.condition, digits.fields["x"]!);
    const dataset = condition
      ? await observed(digits, condition, { random: streamOf(config.condition), turn: async () => {} })
      : digits;
    const flat = settings().map(
      ({ path }) =>
        [
          path,
          path.split(".").reduce<unknown>((v, k) => (v as Record<string, unknown>)?.[k], config),
        ] as const,
    );
    const given = flat.filter(([path, value]) => value !== undefined && !path.startsWith("dataset."));
    const { run, events } = tinyTraining(
      {
        ...Object.fromEntries(given.map(([path, value]) => [path, JSON.stringify(value)])),
        "training.epochs": "1",
      },
      { dataset },
    );
    await run();
    const last = events.findLast((event) => event.type === "epoch");
    expect(Number.isFinite(last!.validation.loss)).toBe(true);
  });
});

test("the JSON schema for editors is current (npm run docs writes it)", () => {
  expect(JSON.parse(readFileSync(join(folder, "schema.json"), "utf8"))).toEqual(
    JSON.parse(JSON.stringify(jsonSchema())),
  );
});
