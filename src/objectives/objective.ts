import type { z } from "zod";
import type { Model, Terms } from "../model/model.ts";
import * as tf from "../tensors/tf.ts";

/** A number that an objective reports, the mean over the examples, in nats per example. */
export interface Quantity {
  /** Its key in logs. */
  readonly name: string;
  /** For people; `{sub|q}` in the formula is a subscript. */
  readonly title: string;
  readonly formula: string;
  /** The same where the likelihood is a bare loss. */
  readonly ofBareLoss?: { readonly title: string; readonly formula: string };
  /** −ELBO is the sum of the quantities that are parts of it, whatever the objective. */
  readonly isPartOfElbo: boolean;
}

/** A weight that may change over a run, such as β. Pure, so that a run can be taken up at any step. */
export interface Control {
  readonly symbol: string;
  /** Its value at a step, counted from 0. */
  at(step: number, stepsPerEpoch: number): number;
  /** The value that counts: where it ends. */
  readonly final: number;
  /** The epochs after which it has that value for good. */
  readonly settlesAfter: number;
  /** `4`, `0 → 1 over 10 epochs`. */
  readonly words: string;
}

/** The mean of a quantity, or its distance to a control where it has a target; times a control if there is one. */
export interface LossTerm {
  readonly quantity: string;
  readonly target?: string;
  readonly times?: string;
}

/** What makes the quantities of a step that is differentiated. */
export interface Estimator {
  /** Each quantity for each example, [B], in their order. A pure function: no host reads, no draws. */
  perExample(terms: Terms): tf.Tensor1D[];
  /** What each sample z passes on its way from the encoder, [K·B, d], with a gradient of its own; absent: nothing. */
  through?(z: tf.Tensor2D): tf.Tensor2D;
}

/** What is minimised. It makes a loss of a model's terms, and says what it reports; plain data but for its functions. */
export interface Objective extends Pick<Estimator, "perExample"> {
  readonly kind: string;
  /** What its numbers are for one of; an image, unless it says otherwise. */
  readonly example?: "image" | "row";
  /** K, the samples of each example that its estimate takes. */
  readonly samples: number;
  readonly quantities: readonly Quantity[];
  readonly controls: Readonly<Record<string, Control>>;
  /** The loss is the sum of these: the one place where it is defined, for the device and for logs. */
  readonly loss: readonly [LossTerm, ...LossTerm[]];
  /** What the loss of a density is or bounds, such as "= −ELBO", with the controls where they end; absent where nothing. */
  readonly bound?: string;
  /** For people: what it makes small, and whether and why it is a bound. */
  readonly meaning: string;
  /** For one step, where the gradient is not that of the loss's value; absent where it is. */
  estimator?(): Estimator;
  /** Fails, with the reason, where the terms of a model lack what it is made of. */
  check?(model: Model): void;
}

/** One family of objectives. */
export interface ObjectiveFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `objective:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>): Objective;
}

/** What a loss is computed with, of numbers or of scalars on the device. */
export interface Arithmetic<T> {
  add(a: T, b: T): T;
  mul(a: T, b: T): T;
  /** |a − b| */
  distance(a: T, b: T): T;
}

/** The loss from the means of the quantities, and from the controls, by name. */
export function lossOf<T>(
  { loss }: Objective,
  means: Readonly<Record<string, T>>,
  controls: Readonly<Record<string, T>>,
  { add, mul, distance }: Arithmetic<T>,
): T {
  return loss
    .map(({ quantity, target, times }) => {
      const mean = means[quantity]!;
      const value = target === undefined ? mean : distance(mean, controls[target]!);
      return times === undefined ? value : mul(controls[times]!, value);
    })
    .reduce((sum, term) => add(sum, term));
}

const onDevice: Arithmetic<tf.Scalar> = {
  add: (a, b) => tf.add(a, b),
  mul: (a, b) => tf.mul(a, b),
  distance: (a, b) => tf.abs(tf.sub(a, b)),
};

/** The means over a batch and the loss, as scalars on the device; of an objective, or by an estimator of its own. */
export function estimate(
  objective: Objective,
  terms: Terms,
  controls: readonly tf.Scalar[],
  { perExample }: Estimator = objective,
): { means: tf.Scalar[]; loss: tf.Scalar } {
  const means = perExample(terms).map((quantity) => tf.mean<tf.Scalar>(quantity));
  const named = Object.fromEntries(objective.quantities.map(({ name }, i) => [name, means[i]!]));
  const namedControls = Object.fromEntries(
    Object.keys(objective.controls).map((name, i) => [name, controls[i]!]),
  );
  return { means, loss: lossOf(objective, named, namedControls, onDevice) };
}

/** The controls at a step, or with `"final"` where they end, by name. */
export const controlsAt = (
  { controls }: Objective,
  step: number | "final",
  stepsPerEpoch: number,
): Record<string, number> =>
  Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [
      name,
      step === "final" ? control.final : control.at(step, stepsPerEpoch),
    ]),
  );

/** The epochs after which all controls are where they end: until then the loss is another from step to step. */
export const settlesAfter = ({ controls }: Objective): number =>
  Math.max(0, ...Object.values(controls).map((control) => control.settlesAfter));

/** `distortion + β · rate`, `distortion + γ · |rate − C|`, for people. */
export const lossFormula = ({ loss, controls }: Objective, title = (quantity: string) => quantity): string =>
  loss
    .map(({ quantity, target, times }) => {
      const control = times === undefined ? undefined : controls[times]!;
      const weight = control === undefined || control.words === "1" ? "" : `${control.symbol} · `;
      const value = title(quantity);
      return `${weight}${target === undefined ? value : `|${value} − ${controls[target]!.symbol}|`}`;
    })
    .join(" + ");

/** Whether the loss is distortion + β · rate, which is −ELBO at β = 1. */
export const isWeighedElbo = ({ loss, quantities }: Objective): boolean =>
  loss.every(
    ({ quantity, target }) =>
      target === undefined && quantities.find(({ name }) => name === quantity)!.isPartOfElbo,
  );

/** The mean over the K samples of each example, [K·B] -> [B]. */
export const overSamples = ({ samples, count }: Terms, values: tf.Tensor1D): tf.Tensor1D =>
  samples === 1 ? values : tf.mean(tf.reshape(values, [samples, count]), 0);

/** Distortion and rate of each example, the means over its samples: what every objective reports. */
export const elboParts = (terms: Terms): [distortion: tf.Tensor1D, rate: tf.Tensor1D] => [
  overSamples(terms, tf.neg(terms.logLikelihood)),
  overSamples(terms, terms.rate),
];
