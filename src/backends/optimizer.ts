import * as tf from "../tensors/tf.ts";
import { type AdamConstants, type AdamSlot, adamStep } from "./adam.ts";

/** Where a run is, for its optimiser. */
export interface StepSettings {
  readonly learningRate: number;
  /** Counts from 1: the t of the papers. */
  readonly step: number;
}

/**
 * An optimiser as a program: how one parameter changes by its gradient. A backend runs it operation by operation, traces
 * it into a recording, or has a kernel that does the same.
 */
export interface UpdateRule<State extends string = string, Numbers extends string = string> {
  /** Names the state in checkpoints. */
  readonly kind: string;
  /** What is kept for each parameter from step to step: tensors of its shape, zeros at first. */
  readonly state: readonly State[];
  /** What changes from step to step, in float64, such as learning rate and bias corrections: always of the same names. */
  numbers(at: StepSettings): Record<Numbers, number>;
  /**
   * The next parameter and state. A pure function, element by element: a recording may give it all parameters at once as
   * one vector. `numbers` are scalars.
   */
  update(now: Update<State> & { grad: tf.Tensor; numbers: Record<Numbers, tf.Scalar> }): Update<State>;
  /** The constants with which this is Adam, whose moments are then the state `m` and `v`: see `adamStep`. */
  readonly adam?: AdamConstants;
}

/** A parameter and its state, before or after a step. */
export interface Update<State extends string = string> {
  readonly param: tf.Tensor;
  readonly state: Record<State, tf.Tensor>;
}

/** A parameter with the state that an optimiser keeps for it. */
export interface OptimizerSlot extends Update {
  readonly param: tf.Variable;
  readonly state: Readonly<Record<string, tf.Variable>>;
}

/** All variables of a slot: the parameter, then its state in the order of the rule. */
export const variablesOf = ({ state }: UpdateRule, slot: OptimizerSlot): tf.Variable[] => [
  slot.param,
  ...state.map((name) => slot.state[name]!),
];

/**
 * One step of an optimiser on the current backend, in place, from gradients in the order of the slots; they are first
 * multiplied by `scale`, which is below 1 where their norm is clipped.
 */
export function applyUpdate(
  rule: UpdateRule,
  slots: readonly OptimizerSlot[],
  gradients: readonly tf.Tensor[],
  at: StepSettings & { readonly scale: number },
): void {
  if (rule.adam && tf.getKernel("Adam", tf.getBackend())) {
    const adamSlots = slots.map(
      ({ param, state }, i) => ({ param, ...state, grad: gradients[i]! }) as AdamSlot,
    );
    adamStep(adamSlots, { ...rule.adam, ...at });
    return;
  }
  for (const [i, { param, state }] of slots.entries()) {
    tf.tidy(() => {
      const grad = at.scale === 1 ? gradients[i]! : tf.mul(gradients[i]!, at.scale);
      const numbers = mapValues(rule.numbers(at), (value) => tf.scalar(value));
      const next = rule.update({ param, grad, state, numbers });
      param.assign(next.param);
      for (const name of rule.state) state[name]!.assign(next.state[name]!);
    });
  }
}

/** The same keys with other values. */
export const mapValues = <T, U>(
  values: Readonly<Record<string, T>>,
  of: (value: T, index: number) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([name, value], i) => [name, of(value, i)]));
