import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jsonSchema } from "../src/config/jsonSchema.ts";
import { configYaml, loadConfig, parseConfig } from "../src/config/load.ts";
import type { Config } from "../src/config/schema.ts";
import { settings } from "../src/config/settings.ts";
import { settle } from "../src/runs/experiment.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-config-"));
let files = 0;

function yaml(text: string): string {
  const file = join(folder, `${files++}.yaml`);
  writeFileSync(file, text);
  return file;
}

/** The message for a file's text and some flags, with the file's name made stable. */
function messageOf(text: string, flags: Record<string, string> = {}): string {
  const file = yaml(text);
  try {
    settle(loadConfig(file, new Map(Object.entries(flags))));
  } catch (error) {
    return (error as Error).message.replaceAll(file, "run.yaml");
  }
  return "no error";
}

describe("defaults", () => {
  test("an empty file, no file and an empty section mean the same", () => {
    const defaults = loadConfig(undefined);
    expect(loadConfig(yaml(""))).toEqual(defaults);
    expect(loadConfig(yaml("training: {}\nlikelihood: {}\nmodel: { network: {} }\n"))).toEqual(defaults);
    expect(defaults.model).toEqual({
      kind: "vae",
      latentDim: 20,
      network: { kind: "mlp", hidden: [400], activation: "relu" },
      conditionFeatures: 200,
      posterior: { kind: "diagonalGaussian" },
      prior: { kind: "standardNormal" },
    });
  });

  test.each([
    ["dataset: mnist", "dataset: { name: mnist }"],
    ["likelihood: laplace\ncondition: label", "likelihood: { kind: laplace }\ncondition: { kind: label }"],
    ["model: { network: conv, prior: vamp }", "model: { network: { kind: conv }, prior: { kind: vamp } }"],
    ["training: { optimizer: sgd }", "training: { optimizer: { kind: sgd } }"],
  ])("a section may be the name of its kind: %j", (short, long) => {
    expect(loadConfig(yaml(short))).toEqual(loadConfig(yaml(long)));
    expect(loadConfig(yaml(short))).not.toEqual(loadConfig(undefined));
  });

  test("a flag adds to a section that is the name of its kind", () => {
    const { dataset } = loadConfig(yaml("dataset: mnist"), new Map([["dataset.limit", "9"]]));
    expect(dataset).toMatchObject({ name: "mnist", limit: 9 });
  });

  test("a resolved configuration loads as itself", () => {
    const config = settle(
      loadConfig(
        yaml("likelihood: { kind: bernoulli }\ntraining: { epochs: 3, optimizer: { beta1: 0.5 } }\n"),
      ),
    );
    expect(loadConfig(yaml(configYaml(config)))).toEqual(config);
  });

  test("what a run of an earlier version saved means what it did then", () => {
    const run = mkdtempSync(join(folder, "run-"));
    const saved = join(run, "config.yaml");
    writeFileSync(saved, "dataset: { name: mnist, validation: 3 }\n");
    const orderOf = ({ dataset }: Config) => dataset.name === "mnist" && dataset.split.order;
    expect(orderOf(loadConfig(saved))).toBe("auto"); // the recipe of a user's
    writeFileSync(join(run, "run.json"), "{}");
    expect(orderOf(loadConfig(saved))).toBe("file");
    expect(orderOf(parseConfig({ dataset: { name: "mnist" } }, saved))).toBe("file");
    expect(parseConfig({ dataset: { name: "binarized-mnist" } }, saved).dataset).not.toHaveProperty("split");
    const now = parseConfig({ dataset: { name: "mnist", split: { order: "shuffled" } } }, saved);
    expect(orderOf(now)).toBe("shuffled");
  });

  test("auto draws what is held out, but sets that come in random order stay as they come", () => {
    const orderOf = (text: string) => settle(loadConfig(yaml(text))).dataset as { split?: { order: string } };
    expect(orderOf("dataset: { name: npz, path: x.npz }").split?.order).toBe("shuffled");
    expect(orderOf("dataset: { name: mnist }").split?.order).toBe("file");
    expect(orderOf("").split?.order).toBe("file");
    expect(orderOf("dataset: { split: { order: shuffled } }").split?.order).toBe("shuffled");
  });

  test("every setting has a description and a place in the JSON schema", () => {
    const all = settings();
    expect(all.length).toBeGreaterThan(40);
    for (const setting of all) expect(setting.description, setting.path).not.toBe("");
    const { likelihood } = jsonSchema().properties as { likelihood: { oneOf: object[] } };
    expect(JSON.stringify(jsonSchema())).toContain("latentDim");
    expect(likelihood.oneOf.at(-1)).toMatchObject({
      type: "string",
      enum: expect.arrayContaining(["huber"]),
    });
  });

  test("a setting names the kinds of its own section that have it, also in a section of a section", () => {
    const kinds = new Map(settings().map(({ path, kinds }) => [path, kinds]));
    expect(kinds.get("model.network.channels")).toEqual(["conv"]);
    expect(kinds.get("model.network.hidden")).toEqual([]);
    expect(kinds.get("model.prior.components")).toEqual(["gaussianMixture"]);
    expect(kinds.get("objective.beta")).toEqual(["elbo"]);
    expect(kinds.get("objective.samples")).toEqual([]);
  });
});

describe("flags", () => {
  const load = (text: string, flags: Record<string, string>) =>
    loadConfig(yaml(text), new Map(Object.entries(flags)));

  test("beat the file", () => {
    expect(load("training: { epochs: 3 }", { "training.epochs": "7" }).training.epochs).toBe(7);
  });

  test.each([
    ["model.network.hidden", "500,300", [500, 300]],
    ["model.network.hidden", "[64]", [64]],
    ["model.network.hidden", "", []],
  ])("%s %j", (path, text, expected) => {
    expect(load("", { [path]: text }).model.network.hidden).toEqual(expected);
  });

  test.each([
    ["0.1", 0.1],
    ["1e-2", 0.01],
    ["shared", "shared"],
  ])("sigma %s", (text, expected) => {
    expect(load("", { "likelihood.sigma": text }).likelihood).toMatchObject({
      kind: "gaussian",
      sigma: expected,
    });
  });

  test("another kind drops the file's settings of the old one", () => {
    const config = load("likelihood: { kind: gaussian, sigma: 0.3 }", { "likelihood.kind": "bernoulli" });
    expect(config.likelihood).toEqual({ kind: "bernoulli" });
  });

  test("the same kind keeps them", () => {
    const config = load("likelihood: { sigma: 0.3 }", { "likelihood.kind": "gaussian" });
    expect(config.likelihood).toMatchObject({ kind: "gaussian", sigma: 0.3 });
  });
});

describe("pixels", () => {
  test.each([
    ["likelihood: { kind: bernoulli }", "binary-dynamic"],
    ["likelihood: { kind: gaussian }", "gray"],
    ["likelihood: { kind: gaussian, sigma: perPixel }", "gray-dequantized"],
    ["likelihood: { kind: bernoulli }\ndataset: { pixels: binary-static }", "binary-static"],
  ])("%j -> %s", (text, expected) => {
    expect(settle(loadConfig(yaml(text))).dataset).toMatchObject({ pixels: expected });
  });
});

describe("messages", () => {
  test.each<[name: string, text: string, flags?: Record<string, string>]>([
    ["misspelt key", "training: { epoch: 5 }"],
    ["key in the wrong section", "epochs: 5"],
    ["misspelt key in the wrong section", "epoch: 5"],
    ["misspelt section", "likelyhood: { kind: gaussian }"],
    ["key of another kind", "likelihood: { kind: bernoulli, sigma: 0.1 }"],
    ["key of another kind by a flag", "", { "likelihood.kind": "bernoulli", "likelihood.sigma": "0.1" }],
    ["wrong type", "training: { epochs: ten }"],
    ["out of range", "training: { epochs: 0 }"],
    ["not an integer", "model: { latentDim: 2.5 }"],
    ["wrong kind", "likelihood: { kind: gausian }"],
    ["wrong dataset", "dataset: { name: minst }"],
    ["wrong choice", "training: { schedule: cosin }"],
    ["wrong sigma", "likelihood: { sigma: sharedd }"],
    ["wrong element", "model: { network: { hidden: [400, -1] } }"],
    ["a list for a section", "training: [1, 2]"],
    ["not a mapping", "- 1\n- 2\n"],
    ["not YAML", "training: { epochs: 5\n"],
    ["two complaints", "training: { epoch: 5, seed: -1 }"],
    [
      "pixels that are no data for the likelihood",
      "likelihood: { kind: bernoulli }\ndataset: { pixels: gray }",
    ],
    ["an empty value", "training:\n"],
    ["a value by a flag", "", { "training.learningRate": "x" }],
    ["another program's loss", "likelihood: { kind: MSE }"],
    ["another program's loss by a flag", "", { "likelihood.kind": "bce" }],
    ["another program's network", "model: { kind: cnn }"],
    ["another program's key", "training: { lr: 0.1 }"],
    ["another program's key in another section", "kl_weight: 2"],
    ["a bare kind that is none", "likelihood: gausian"],
    ["other letters", "dataset: { name: MNIST }"],
  ])("%s", (_, text, flags) => {
    expect(messageOf(text, flags)).toMatchSnapshot();
  });

  test("a file that is not there", () => {
    expect(() => loadConfig("nowhere.yaml")).toThrowErrorMatchingInlineSnapshot(
      `[VaeError: Cannot read the configuration nowhere.yaml: there is no such file (ENOENT).]`,
    );
  });
});
