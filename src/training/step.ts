import type { Vae } from "../model.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tf.ts";
import type { Terms } from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";

/** A batch with its noise, in memory of the host. */
export interface BatchInputs {
  /** B, the images of the batch. */
  readonly count: number;
  /** [B, D] */
  readonly x: Float32Array<ArrayBuffer>;
  /** Standard normal, [B, latentDim]. */
  readonly noise: Float32Array<ArrayBuffer>;
}

/** Everything that a step depends on besides the weights: it draws no random numbers itself. */
export interface StepInputs extends BatchInputs {
  readonly beta: number;
  readonly learningRate: number;
  /** From 1, for Adam's bias correction. */
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
  read(): Promise<Terms[]>;
  /** Brings weights and moments up to date: between `run` and whoever reads or writes them. */
  sync(): Promise<void>;
  dispose(): void;
}

/** The arrays of a batch as tensors on the device. */
export const onDevice = ({ x, noise, count }: BatchInputs) => ({
  x: tf.tensor2d(x, [count, x.length / count]),
  noise: tf.tensor2d(noise, [count, noise.length / count]),
});

/** Whether the loss is, whatever β. */
export const isFiniteLoss = ({ distortion, rate }: Terms) => Number.isFinite(distortion + rate);

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
  const done: Terms[] = [];
  let halted = false;
  return {
    async run({ beta, learningRate, step, ...batch }) {
      if (halted) return;
      const { means, gradients } = tf.tidy(() =>
        differentiate(vae, objective, { ...onDevice(batch), beta: tf.scalar(beta) }),
      );
      try {
        // Waits for the device: one read of two numbers for each step. Asynchronous, as a GPU knows no other.
        const [distortion, rate] = (await means.data()) as unknown as [number, number];
        done.push({ distortion, rate });
        halted = !isFiniteLoss({ distortion, rate });
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
