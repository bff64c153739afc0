import type { z } from "zod";
import type { Terms } from "../model/model.ts";
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
  /** `4`, `0 → 1 over 10 epochs`. */
  readonly words: string;
}

/** The mean of a quantity, times a control if there is one. */
export interface LossTerm {
  readonly quantity: string;
  readonly times?: string;
}

/** What is minimised. It makes a loss of a model's terms, and says what it reports; plain data but for its functions. */
export interface Objective {
  readonly kind: string;
  /** K, the samples of each example that its estimate takes. */
  readonly samples: number;
  readonly quantities: readonly Quantity[];
  readonly controls: Readonly<Record<string, Control>>;
  /** The loss is the sum of these: the one place where it is defined, for the device and for logs. */
  readonly loss: readonly [LossTerm, ...LossTerm[]];
  /**
   * What the loss of a density is a bound on, in words, such as "−ELBO"; absent where it is none, with the controls where
   * they end.
   */
  readonly bound?: string;
  /** Each quantity for each example, [B], in their order. A pure function: no host reads, no draws. */
  perExample(terms: Terms): tf.Tensor1D[];
}

/** One family of objectives. */
export interface ObjectiveFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `objective:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>): Objective;
}

/** The loss from the means of the quantities, and from the controls, by name; of numbers, or of scalars on the device. */
export function lossOf<T>(
  { loss }: Objective,
  means: Readonly<Record<string, T>>,
  controls: Readonly<Record<string, T>>,
  { add, mul }: { add(a: T, b: T): T; mul(a: T, b: T): T },
): T {
  return loss
    .map(({ quantity, times }) =>
      times === undefined ? means[quantity]! : mul(controls[times]!, means[quantity]!),
    )
    .reduce((sum, term) => add(sum, term));
}

/** The means over a batch and the loss, as scalars on the device. */
export function estimate(
  objective: Objective,
  terms: Terms,
  controls: readonly tf.Scalar[],
): { means: tf.Scalar[]; loss: tf.Scalar } {
  const means = objective.perExample(terms).map((quantity) => tf.mean<tf.Scalar>(quantity));
  const named = Object.fromEntries(objective.quantities.map(({ name }, i) => [name, means[i]!]));
  const namedControls = Object.fromEntries(
    Object.keys(objective.controls).map((name, i) => [name, controls[i]!]),
  );
  const arithmetic = {
    add: (a: tf.Scalar, b: tf.Scalar): tf.Scalar => tf.add(a, b),
    mul: (a: tf.Scalar, b: tf.Scalar): tf.Scalar => tf.mul(a, b),
  };
  return { means, loss: lossOf(objective, named, namedControls, arithmetic) };
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

/** `distortion + β · rate`, for people. */
export const lossFormula = ({ loss, controls }: Objective, title = (quantity: string) => quantity): string =>
  loss
    .map(({ quantity, times }) => {
      const control = times === undefined ? undefined : controls[times]!;
      const weight = control === undefined || control.words === "1" ? "" : `${control.symbol} · `;
      return `${weight}${title(quantity)}`;
    })
    .join(" + ");

/** The mean over the K samples of each example, [K·B] -> [B]. */
export const overSamples = ({ samples, count }: Terms, values: tf.Tensor1D): tf.Tensor1D =>
  samples === 1 ? values : tf.mean(tf.reshape(values, [samples, count]), 0);
