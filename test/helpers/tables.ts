import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { averageOf } from "../../src/data/codedFields.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Field } from "../../src/data/field.ts";
import { createRunner } from "../../src/evaluation/runner.ts";
import { type Bnn, bnn } from "../../src/model/bnn.ts";
import { objectiveFor } from "../../src/objectives/forModel.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { initialState } from "../../src/training/state.ts";
import { eagerStep } from "../../src/training/step.ts";
import { train } from "../../src/training/trainer.ts";

/** Rows of a linear function of standard normals plus noise, in units of their own: y = 7 + 3 u. */
export function linearTable(count: number, weights: readonly number[], sigma: number): Dataset {
  const random = new RandomStream("table");
  const F = weights.length;
  const x = random.normals(count * F);
  for (let i = 0; i < count && F > 1; i++) x[i * F + 1] = 0.8 * x[i * F]! + 0.6 * x[i * F + 1]!; // correlated
  const noise = random.normals(count);
  const u = Float32Array.from({ length: count }, (_, i) =>
    weights.reduce((sum, w, d) => sum + w * x[i * F + d]!, sigma * noise[i]!),
  );
  const split = { count, columns: { x, y: u } };
  const names = weights.map((_, d) => `x${d + 1}`);
  const none = { mean: weights.map(() => 0), deviation: weights.map(() => 1) };
  const fields: Record<string, Field> = {
    x: { name: "x", kind: "real", shape: [F], show: "value", valueNames: names, standardized: none },
    y: {
      name: "y",
      kind: "real",
      shape: [1],
      show: "value",
      valueNames: ["y"],
      standardized: { mean: [7], deviation: [3] },
    },
  };
  return { name: "table", fields, train: split, validation: split, test: split, hashes: {} };
}

/** The same rows with another target, stored as it is. */
export function withTarget(dataset: Dataset, y: Field, values: Float32Array | Uint8Array): Dataset {
  const split = { count: dataset.train.count, columns: { ...dataset.train.columns, y: values } };
  return { ...dataset, fields: { ...dataset.fields, y }, train: split, validation: split, test: split };
}

/** A Bayesian network of a table, and what trains it; the current backend runs it. */
export function tableModel(dataset: Dataset, settings: Record<string, string>) {
  const config: Config = loadConfig(
    undefined,
    new Map(
      Object.entries({ "model.kind": "bnn", "dataset.name": "table", "dataset.path": "t.csv", ...settings }),
    ),
  );
  const random = new RandomStream(config.training.seed);
  const data = {
    fields: dataset.fields,
    averageX: averageOf(dataset.train, dataset.fields["y"]!, "gray"),
    trainCount: dataset.train.count,
  };
  const model: Bnn = bnn.create(config as never, data, random);
  const objective = objectiveFor(config.objective, model);
  return { config, model, objective, random };
}

/** Trains it by the settings of its configuration. */
export async function trainTable(dataset: Dataset, settings: Record<string, string>) {
  const { config, model, objective, random } = tableModel(dataset, settings);
  const optimizer = createOptimizer(model.parameters, config.training);
  const step = eagerStep(model, objective, optimizer);
  const state = initialState(objective);
  await train({
    runner: createRunner(model, { record: false, note: () => {} }),
    step,
    dataset,
    coding: "gray",
    phases: [{ from: 0, config: config.training, objective }],
    random,
    state,
    emit: () => {},
    save: async () => {},
  });
  step.dispose();
  optimizer.dispose();
  return { config, model, objective, state };
}
