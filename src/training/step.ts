import { type BatchInputs, inputsByName, onDevice } from "../model/inputs.ts";
import type { Model } from "../model/model.ts";
import { areFinite, type Means, meansByName } from "../objectives/means.ts";
import { type Estimator, estimate, type Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";
import type { Optimizer } from "./optimizer.ts";

/** Everything that a step depends on besides the weights: it draws no random numbers itself. */
export interface StepInputs {
  readonly batch: BatchInputs;
  /** Of the objective, in their order. */
  readonly controls: readonly number[];
  readonly learningRate: number;
  /** From 1, for the optimiser's bias corrections. */
  readonly step: number;
}

/** One update of the weights; how it is run (operation by operation, or recorded) is the maker's business. */
export interface TrainStep {
  /**
   * Takes the step, or leaves it to the device, which need not be done with it when this returns; the arrays are the
   * caller's again. Where the loss is not finite, neither this update nor any after it is made, until `sync`.
   */
  run(inputs: StepInputs): Promise<void>;
  /** Waits for the steps since the last call and returns, for each, the means over its batch before the update. */
  read(): Promise<Means[]>;
  /** Brings weights and the optimiser's state up to date: between `run` and whoever reads or writes them. */
  sync(): Promise<void>;
  dispose(): void;
}

/** A step before its update; the caller disposes of the tensors. */
type Differentiated = {
  /** The means of the objective's quantities, in their order. */
  means: tf.Tensor1D;
  /** In the order of the parameters. */
  gradients: tf.Tensor[];
};

/** The pure part of a step, whoever runs it: no host reads and no random draws. */
export function differentiate(
  model: Model,
  objective: Objective,
  inputs: readonly tf.Tensor[],
  controls: readonly tf.Scalar[],
): Differentiated {
  return tf.tidy(() => {
    let means!: tf.Tensor1D;
    const { grads } = tf.variableGrads(() => {
      const estimator: Estimator = objective.estimator?.() ?? objective;
      const terms = model.terms(inputsByName(model, inputs), objective.samples, estimator.through);
      const estimated = estimate(objective, terms, controls, estimator);
      means = tf.keep(tf.stack(estimated.means) as tf.Tensor1D);
      return estimated.loss;
    }, model.parameters.variables);
    const gradients = model.parameters.variables.map(({ name }) => grads[name]!);
    return { means, gradients };
  });
}

/** Runs the step operation by operation, on any backend. No tensor outlives it but the weights and the optimiser's state. */
export function eagerStep(model: Model, objective: Objective, optimizer: Optimizer): TrainStep {
  const done: Means[] = [];
  let halted = false;
  return {
    async run({ batch, controls, learningRate, step }) {
      if (halted) return;
      const { means, gradients } = tf.tidy(() =>
        differentiate(
          model,
          objective,
          onDevice(model, batch),
          controls.map((value) => tf.scalar(value)),
        ),
      );
      try {
        // Waits for the device: one read of a few numbers for each step. Asynchronous, as a GPU knows no other.
        const report = meansByName(objective, await means.data());
        done.push(report);
        halted = !areFinite(report);
        if (!halted) await optimizer.apply(gradients, learningRate, step);
      } finally {
        tf.dispose([means, ...gradients]);
      }
    },
    read: async () => done.splice(0),
    async sync() {
      halted = false;
    },
    dispose() {},
  };
}
