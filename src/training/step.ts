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
  /** Brings weights and moments up to date: between `run` and whoever reads or writes them. */
  sync(): void;
  dispose(): void;
}

/** A step before its update; the caller disposes of the tensors. */
type Differentiated = {
  /** Distortion and rate, [2]. */
  means: tf.Tensor1D;
  /** In the order of the parameters. */
  gradients: tf.Tensor[];
};

/** The pure part of a step, whoever runs it: no host reads and no random draws. */
export function differentiate(
  vae: Vae,
  objective: Objective,
  { x, noise, beta }: { x: tf.Tensor2D; noise: tf.Tensor2D; beta: tf.Scalar },
): Differentiated {
  return tf.tidy(() => {
    let means!: tf.Tensor1D;
    const { grads } = tf.variableGrads(() => {
      const terms = objective.terms(vae, x, noise);
      const distortion = tf.mean<tf.Scalar>(terms.distortion);
      const rate = tf.mean<tf.Scalar>(terms.rate);
      means = tf.keep(tf.stack([distortion, rate]) as tf.Tensor1D);
      return objective.loss(distortion, rate, beta);
    }, vae.parameters.variables);
    const gradients = vae.parameters.variables.map(({ name }) => grads[name]!);
    return { means, gradients };
  });
}

/** Runs the step operation by operation, on any backend. No tensor outlives it but the weights and moments. */
export function eagerStep(vae: Vae, objective: Objective, optimizer: Optimizer): TrainStep {
  return {
    async run({ x, noise, beta, learningRate, step }) {
      const { means, gradients } = tf.tidy(() =>
        differentiate(vae, objective, { x, noise, beta: tf.scalar(beta) }),
      );
      try {
        // Waits for the device: one read of two numbers for each step. Asynchronous, as a GPU knows no other.
        const [distortion, rate] = (await means.data()) as unknown as [number, number];
        if (Number.isFinite(distortion + beta * rate)) {
          await optimizer.apply(gradients, learningRate, step);
        }
        return { distortion, rate };
      } finally {
        tf.dispose([means, ...gradients]);
      }
    },
    sync() {},
    dispose() {},
  };
}
