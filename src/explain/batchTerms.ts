import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import type { Field } from "../data/field.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import { isBnn, levelOf } from "../model/bnn.ts";
import { inputsByName, onDevice } from "../model/inputs.ts";
import type { TermName } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import { samplesOf } from "../model/noise.ts";
import { controlsAt, estimate, isWeighedElbo, type Objective } from "../objectives/objective.ts";
import { rowsFor } from "../tensors/deviceMath.ts";
import type { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { type InputsPlan, trainingInputs } from "../training/inputs.ts";
import { writtenLoss } from "./writtenLoss.ts";

/** The loss of one batch in parts, as means over its examples, in nats each. */
export interface BatchTerms {
  readonly count: number;
  /** Parts of the distortion. */
  readonly parts: readonly { readonly name: TermName; readonly value: number }[];
  /** As training computes it, in fewer operations. */
  readonly distortion: number;
  readonly rate: number;
  /** Errors of the predicted means, whatever the likelihood; of a table in the units of its file. */
  readonly errors: { readonly SSE: number; readonly SAE: number };
  /** The standard deviation of the noise, where it is one number. */
  readonly sigma?: number;
  /** What is minimised, where that is not distortion + β · rate. */
  readonly loss?: { readonly formula: string; readonly value: number };
}

/** Takes the first batch of the first epoch apart: the loss that `vae train` computes in its first step. */
export async function measureFirstBatch(
  model: Model,
  objective: Objective,
  set: Split,
  { coding, batchSize, random }: { coding: PixelCoding; batchSize: number; random: RandomStream },
): Promise<BatchTerms> {
  const start = { epoch: 1, from: 0, step: 0 };
  const samples = samplesOf(model, 1);
  const inputs = {
    set,
    fields: model.fields,
    coding,
    batchSize,
    noise: model.noise,
    samples,
    seed: random.key,
  };
  const batch = trainingInputs({ ...inputs, ...start }).next().value!;
  const tensors = onDevice(model, batch);
  const { parts, ...whole } = tf.tidy(() => {
    const named = inputsByName(model, tensors);
    const given = named[model.target.name] as tf.Tensor2D;
    const x = rowsFor(isBnn(model) ? levelOf(given) : given, samples * batch.count);
    const { decoded, logLikelihood, rate } = model.terms(named, samples);
    const residual = tf.sub(inUnits(x, model.target), model.likelihood.mean(decoded));
    return {
      distortion: tf.neg(logLikelihood),
      rate,
      SSE: tf.square(residual),
      SAE: tf.abs(residual),
      parts: model.likelihood.terms(decoded, x) as { [name in TermName]: tf.Tensor2D },
    };
  });
  /** Added up in float64: so many values added in float32 would lose the second decimal. */
  const mean = async (tensor: tf.Tensor) => {
    const values: ArrayLike<number> = await tensor.data();
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    return sum / (samples * batch.count);
  };
  const result = {
    count: batch.count,
    parts: await Promise.all(
      Object.entries(parts).map(async ([name, part]) => ({
        name: name as TermName,
        value: await mean(part),
      })),
    ),
    distortion: await mean(whole.distortion),
    rate: await mean(whole.rate),
    errors: { SSE: await mean(whole.SSE), SAE: await mean(whole.SAE) },
    ...(await readSigma(model)),
    ...(!isWeighedElbo(objective) && { loss: await measureLoss(model, objective, inputs, start) }),
  };
  tf.dispose([...tensors, ...Object.values(whole), ...Object.values(parts)]);
  return result;
}

/** Stored values as those of the file. */
function inUnits(stored: tf.Tensor2D, target: Field): tf.Tensor2D {
  if (target.kind === "class" || !target.standardized) return stored;
  const { mean, deviation } = target.standardized;
  return tf.add(tf.mul(stored, tf.tensor1d([...deviation])), tf.tensor1d([...mean]));
}

/** The loss of the batch with as many samples as the objective takes. */
async function measureLoss(
  model: Model,
  objective: Objective,
  inputs: Omit<InputsPlan, "epoch" | "from" | "step">,
  start: Pick<InputsPlan, "epoch" | "from" | "step">,
): Promise<{ formula: string; value: number }> {
  const { samples } = objective;
  const batch = trainingInputs({ ...inputs, samples, ...start }).next().value!;
  const controls = Object.values(controlsAt(objective, "final", 1));
  const loss = tf.tidy(() => {
    const terms = model.terms(inputsByName(model, onDevice(model, batch)), samples);
    const scalars = controls.map((value) => tf.scalar(value));
    return estimate(objective, terms, scalars).loss;
  });
  const [value] = await loss.data();
  loss.dispose();
  return {
    formula: writtenLoss(objective),
    value: value!,
  };
}
