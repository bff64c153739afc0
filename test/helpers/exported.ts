import { useBackend } from "../../src/backends/index.ts";
import type { Field } from "../../src/data/field.ts";
import { type Subject, subjectOf } from "../../src/exports/subject.ts";
import type { OpenedRun } from "../../src/runs/experiment.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { tinyDigits, tinyTraining } from "./tiny.ts";

const digits = tinyDigits(20, 5);
const y: Field = { name: "y", kind: "real", shape: [6, 5, 1], show: "image" };
/** With an image of another size beside each, of which its tests need no more than the shape. */
const dataset = { ...digits, fields: { ...digits.fields, y } };

const small = { "model.network.hidden": "6", "model.latentDim": "3" };

const conv = {
  ...small,
  "model.network.kind": "conv",
  "model.network.channels": "3,4,5", // 28, 14, 7 and 4 pixels: one of them is odd
};

/** Settings that between them have every network, likelihood and form of a model, by a name for each. */
export const exportedModels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mlp: { ...small, "model.network.hidden": "7,6" },
  linear: { ...small, "model.network.hidden": "", "likelihood.mean": "linear" },
  "gated-mlp": {
    ...small,
    "model.network.kind": "gated-mlp",
    "likelihood.kind": "laplace",
    "likelihood.scale": "perPixel",
  },
  tanh: {
    ...small,
    "model.network.activation": "tanh",
    "likelihood.kind": "categorical",
    "likelihood.levels": "4",
  },
  softplus: { ...small, "model.network.activation": "softplus", "likelihood.kind": "student-t" },
  conv: { ...conv, "likelihood.kind": "gaussian-mixture", "likelihood.components": "2" },
  "conv of odd filters": {
    ...conv,
    "model.network.kernel": "3",
    "model.network.activation": "elu",
    "likelihood.kind": "bernoulli",
  },
  "huber, shared scale": { ...small, "likelihood.kind": "huber", "likelihood.scale": "shared" },
  hybrid: { ...small, "likelihood.kind": "hybrid" },
  "given a class": { ...small, "condition.kind": "label" },
  "given an image": { ...conv, "condition.kind": "given", "likelihood.sigma": "shared" },
};

/** A model with some weights, as a run that is opened on the backend `cpu` has it. */
export async function madeUpRun(settings: Readonly<Record<string, string>>): Promise<OpenedRun> {
  const backend = await useBackend("cpu");
  const { config, coding, vae: model } = tinyTraining(settings, { dataset });
  const random = new RandomStream("weights");
  for (const [name, variable] of model.parameters) {
    if (variable.rank === 0) continue; // a scale is good as it is
    const noise = random.fork(name).normals(variable.size);
    tf.tidy(() => variable.assign(tf.add(variable, tf.mul(tf.tensor(noise, variable.shape), 0.1))));
  }
  return {
    folder: { path: "runs/made-up" } as OpenedRun["folder"],
    config,
    backend,
    model,
    coding,
    epoch: 1,
    checkpoint: { name: "best", sha256: "0" },
    data: undefined,
  };
}

/** Some numbers for an input of a function, [2, …shape]. */
export const someNumbers = (name: string, shape: readonly number[]): Float32Array =>
  new RandomStream(name).normals(2 * tf.util.sizeFromShape([...shape]));

/** What the product itself computes of `someNumbers`: by function, by output. */
export const expectedOf = ({ functions }: Subject): Record<string, Record<string, number[]>> =>
  Object.fromEntries(
    functions.map(({ name, inputs, outputs, compute }) => {
      const results = tf.tidy(() =>
        compute(inputs.map(({ name, shape }) => tf.tensor(someNumbers(name, shape), [2, ...shape]))).map(
          (tensor) => Array.from(tensor.dataSync()),
        ),
      ) as unknown as number[][];
      return [name, Object.fromEntries(outputs.map(({ name }, i) => [name, results[i]!]))];
    }),
  );

/** The largest difference, relative to the expected number where that is above 1. */
export function worstError(actual: ArrayLike<number>, expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((worst, wanted, i) => {
    const error = Math.abs(actual[i]! - wanted) / Math.max(1, Math.abs(wanted));
    return error <= worst ? worst : error; // also where it is not a number
  }, 0);
}

export const subjectFor = async (settings: Readonly<Record<string, string>>) =>
  subjectOf(await madeUpRun(settings));
