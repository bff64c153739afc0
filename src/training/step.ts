import type { Vae } from "../model.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tf.ts";
import type { Terms } from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";

/** Everything that a step depends on besides the weights: it draws no random numbers itself. */
export interface StepInputs {
  /** [B, D] */
  readonly x: tf.Tensor2D;
  /** Standard normal, [B, latentDim]. */
  readonly noise: tf.Tensor2D;
  readonly beta: number;
  readonly learningRate: number;
  /** From 1, for Adam's bias correction. */
  readonly step: number;
}

/** One update of the weights; how it is run (operation by operation, or recorded) is the maker's business. */
export interface TrainStep {
  /** The means over the batch before the update. Where the loss is not finite the update is not made. */
  run(inputs: StepInputs): Promise<Terms>;
}

/** Runs the step operation by operation, on any backend. No tensor outlives it but the weights and moments. */
export function eagerStep(vae: Vae, objective: Objective, optimizer: Optimizer): TrainStep {
  const names = new Map([...vae.parameters].map(([name, variable]) => [variable.name, name]));
  return {
    async run({ x, noise, beta, learningRate, step }) {
      const { means, ...gradients } = tf.tidy(() => {
        let means!: tf.Tensor;
        const { grads } = tf.variableGrads(() => {
          const terms = objective.terms(vae, x, noise);
          const distortion = tf.mean<tf.Scalar>(terms.distortion);
          const rate = tf.mean<tf.Scalar>(terms.rate);
          means = tf.keep(tf.stack([distortion, rate]));
          return objective.loss(distortion, rate, tf.scalar(beta));
        }, vae.parameters.variables);
        const named = Object.entries(grads).map(([id, grad]) => [names.get(id)!, grad]);
        return { ...Object.fromEntries(named), means } as Record<string, tf.Tensor> & { means: tf.Tensor };
      });
      try {
        // Waits for the device: one read of two numbers for each step. Asynchronous, as a GPU knows no other.
        const [distortion, rate] = (await means.data()) as unknown as [number, number];
        if (Number.isFinite(distortion + beta * rate)) {
          await optimizer.apply(new Map(Object.entries(gradients)), learningRate, step);
        }
        return { distortion, rate };
      } finally {
        tf.dispose([means, ...Object.values(gradients)]);
      }
    },
  };
}
