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
      return tf.tidy(() => {
        let means!: tf.Tensor1D;
        const { grads } = tf.variableGrads(() => {
          const terms = objective.terms(vae, x, noise);
          const distortion = tf.mean<tf.Scalar>(terms.distortion);
          const rate = tf.mean<tf.Scalar>(terms.rate);
          means = tf.keep(tf.stack([distortion, rate]) as tf.Tensor1D);
          return objective.loss(distortion, rate, tf.scalar(beta));
        }, vae.parameters.variables);
        // Waits for the device: one read of two numbers for each step.
        const [distortion, rate] = means.dataSync() as Float32Array as unknown as [number, number];
        means.dispose();
        if (Number.isFinite(distortion + beta * rate)) {
          const gradients = new Map(Object.entries(grads).map(([id, grad]) => [names.get(id)!, grad]));
          optimizer.apply(gradients, learningRate, step);
        }
        return { distortion, rate };
      });
    },
  };
}
