import { VaeError } from "../base/errors.ts";
import { codedSize } from "../data/codedFields.ts";
import { describeMeasure } from "../data/codings.ts";
import { type Field, fieldSize } from "../data/field.ts";
import { likelihoods, supportOf } from "../model/likelihoods/index.ts";
import { formulaOf } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import type { Regression } from "../model/regression.ts";
import { hasLatents, type Vae } from "../model/vae.ts";
import { type OpenedRun, versions } from "../runs/experiment.ts";
import { titleOf } from "../runs/title.ts";
import * as tf from "../tensors/tf.ts";

/** A number array that goes in or comes out, with a row for each example. */
export interface Port {
  readonly name: string;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly about: string;
}

/** A part of a model as others run it: a pure function from named arrays to named arrays. */
export interface ExportedFunction {
  readonly name: "encoder" | "decoder" | "predictor";
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Inputs in their order, [N, …shape] each -> the outputs in theirs. */
  compute(inputs: readonly tf.Tensor[]): tf.Tensor[];
}

/** What is exported of a run. */
export interface Subject {
  readonly run: OpenedRun;
  /** Encoder and decoder; of a model without latents the predictor; of one that has a posterior over weights none. */
  readonly functions: readonly ExportedFunction[];
}

export function subjectOf(run: OpenedRun): Subject {
  const { model } = run;
  if (hasLatents(model)) return { run, functions: [encoderOf(model), decoderOf(model)] };
  if ("predict" in model) return { run, functions: [predictorOf(model as Regression)] };
  return { run, functions: [] };
}

function encoderOf(model: Vae): ExportedFunction {
  const { target, given, latentDim: d } = model;
  const x = portOf(target, "as the pixels are coded: see above");
  const { kind, names } = tf.tidy(() => {
    const q = model.encode(tf.zeros([1, fieldSize(target)]), given && zerosOf(given));
    return { kind: q.kind, names: Object.keys(q.params) };
  });
  const isFlow = kind !== "diagonalGaussian";
  const params = names.map((name) => ({
    name,
    shape: [d],
    about: `${name === "logVar" ? "logarithm of the variance" : name} of ${isFlow ? "the normal that the flow starts from" : "q(z|x)"}`,
  }));
  const noise = { name: "noise", shape: [d], about: "standard normal numbers that z is made of" };
  const z = { name: "z", shape: [d], about: "z ~ q(z|x), the noise through the flow" };
  return {
    name: "encoder",
    inputs: [x, ...yPorts(given), ...(isFlow ? [noise] : [])],
    outputs: [...params, ...(isFlow ? [z] : [])],
    compute(inputs) {
      const [x, ...others] = inputs.map(flat);
      const q = model.encode(x!, given && others[0]);
      return [...names.map((name) => q.params[name]!), ...(isFlow ? [q.rsample(others.at(-1)!)] : [])];
    },
  };
}

const decoderOf = (model: Vae): ExportedFunction => ({
  name: "decoder",
  inputs: [
    { name: "z", shape: [model.latentDim], about: "a draw from the prior, or a code of the encoder" },
    ...yPorts(model.given),
  ],
  outputs: decodedPorts(model),
  compute([z, y]) {
    const params = model.decode(z as tf.Tensor2D, y && flat(y));
    return [params, meanOf(model, params)];
  },
});

const predictorOf = (model: Regression): ExportedFunction => ({
  name: "predictor",
  inputs: yPorts(model.given),
  outputs: decodedPorts(model),
  compute([y]) {
    const params = model.predict(flat(y!));
    return [params, meanOf(model, params)];
  },
});

/** [N, …] -> [N, values] */
const flat = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [-1, tf.util.sizeFromShape(x.shape.slice(1))]);

const zerosOf = (field: Field): tf.Tensor2D => tf.zeros([1, codedSize(field)]);

const meanOf = ({ likelihood, target }: Model, params: tf.Tensor3D) =>
  tf.reshape(likelihood.mean(params), [-1, ...shapeOf(target)]);

const decodedPorts = ({ target, likelihood }: Model): Port[] => [
  {
    name: "params",
    shape: [fieldSize(target), likelihood.paramChannels],
    about: `the parameters of p(x|·) for each of the ${fieldSize(target)} values of x: see above`,
  },
  { name: "mean", shape: shapeOf(target), about: "E[x|·], what `vae sample` draws" },
];

const yPorts = (given: Field | undefined): Port[] =>
  given ? [portOf(given, given.kind === "class" ? "the class, one-hot" : "what the model is given")] : [];

const portOf = (field: Field, about: string): Port => ({
  name: field.name,
  shape: field.kind === "class" ? [codedSize(field)] : shapeOf(field),
  about,
});

const shapeOf = ({ shape }: Field): readonly number[] => (shape.length > 0 ? shape : [1]);

/** Why a format that says what a model computes does not take this one. */
export const noFunctions = ({ run }: Subject) =>
  new VaeError(
    "failure",
    `${run.folder.path} is a Bayesian network, whose prediction is a mean over draws of its weights and no function of x alone. ` +
      "--to safetensors writes the posterior of the weights; `vae predict` predicts.",
  );

/** What is known of a model in few words, by names that a program can read. */
export function factsOf({ run, functions }: Subject): Record<string, string> {
  const { config, model, coding, backend, folder, epoch, checkpoint } = run;
  const family = likelihoods.of(config.likelihood);
  const settings = family.settings(config.likelihood);
  return {
    program: `vae ${versions(backend)["vae"]}`,
    title: titleOf(config, config.dataset.name),
    run: folder.path,
    checkpoint: `${checkpoint.name}, epoch ${epoch}, sha256 ${checkpoint.sha256}`,
    likelihood: config.likelihood.kind,
    density: formulaOf(family) + (settings && `; ${settings}`),
    baseMeasure: describeMeasure(supportOf(config.likelihood), model.target),
    pixels: coding,
    xShape: JSON.stringify(shapeOf(model.target)),
    paramChannels: String(model.likelihood.paramChannels),
    ...(hasLatents(model) && { latentDim: String(model.latentDim), prior: model.priorKind }),
    functions: functions.map(({ name }) => name).join(", "),
    model: JSON.stringify(config.model),
    likelihoodSettings: JSON.stringify(config.likelihood),
  };
}
