import { adamStep, squaredNorm } from "../backends/adam.ts";
import type { Parameters } from "../parameters.ts";
import * as tf from "../tf.ts";
import type { TrainingConfig } from "./schema.ts";

/** Adam with its moments by parameter name; the number of the step comes from outside, so resuming is exact. */
export interface Optimizer {
  /** `adam.m.*` and `adam.v.*`, for a checkpoint. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * Updates the parameters in place from gradients by name. `step` counts from 1.
   * Kingma and Ba 2015, algorithm 1; gradients longer than `clipNorm` are first scaled down to it (Pascanu et al. 2013).
   */
  apply(gradients: ReadonlyMap<string, tf.Tensor>, learningRate: number, step: number): Promise<void>;
  dispose(): void;
}

export function createAdam(
  parameters: Parameters,
  config: Pick<TrainingConfig, "adam" | "clipNorm">,
): Optimizer {
  const state = new Map<string, tf.Variable>();
  for (const [name, parameter] of parameters) {
    for (const moment of ["m", "v"]) {
      state.set(
        `adam.${moment}.${name}`,
        tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
      );
    }
  }
  return {
    state,
    async apply(gradients, learningRate, step) {
      const updates = [...parameters].map(([name, param]) => ({
        param,
        m: state.get(`adam.m.${name}`)!,
        v: state.get(`adam.v.${name}`)!,
        grad: gradients.get(name)!,
      }));
      const scale = config.clipNorm > 0 ? await clipScale([...gradients.values()], config.clipNorm) : 1;
      adamStep(updates, { learningRate, ...config.adam, step, scale });
    },
    dispose: () => tf.dispose([...state.values()]),
  };
}

async function clipScale(gradients: tf.Tensor[], clipNorm: number): Promise<number> {
  const squared = squaredNorm(gradients);
  const norm = Math.sqrt((await squared.data())[0]!);
  squared.dispose();
  return norm > clipNorm ? clipNorm / norm : 1;
}
