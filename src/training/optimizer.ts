import { type AdamSlot, adamStep, squaredNorm } from "../backends/adam.ts";
import type { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import type { TrainingConfig } from "./schema.ts";

/** Adam with its moments by parameter name; the number of the step comes from outside, so resuming is exact. */
export interface Optimizer {
  readonly config: Pick<TrainingConfig, "adam" | "clipNorm">;
  /** The parameters in their order, each with its moments. */
  readonly slots: readonly Omit<AdamSlot, "grad">[];
  /** `adam.m.*` and `adam.v.*`, for a checkpoint. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * Updates the parameters in place from gradients in their order. `step` counts from 1.
   * Kingma and Ba 2015, algorithm 1; gradients longer than `clipNorm` are first scaled down to it (Pascanu et al. 2013).
   */
  apply(gradients: readonly tf.Tensor[], learningRate: number, step: number): Promise<void>;
  dispose(): void;
}

export function createAdam(
  parameters: Parameters,
  config: Pick<TrainingConfig, "adam" | "clipNorm">,
): Optimizer {
  const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
  const slots = parameters.variables.map((param) => ({
    param,
    m: zeros(param.shape),
    v: zeros(param.shape),
  }));
  const { names } = parameters;
  const state = new Map(
    slots.flatMap(({ m, v }, i) => [
      [`adam.m.${names[i]}`, m],
      [`adam.v.${names[i]}`, v],
    ]),
  );
  return {
    config,
    slots,
    state,
    async apply(gradients, learningRate, step) {
      const updates = slots.map((slot, i) => ({ ...slot, grad: gradients[i]! }));
      const scale = config.clipNorm > 0 ? await clipScale(gradients, config.clipNorm) : 1;
      adamStep(updates, { learningRate, ...config.adam, step, scale });
    },
    dispose: () => tf.dispose([...state.values()]),
  };
}

async function clipScale(gradients: readonly tf.Tensor[], clipNorm: number): Promise<number> {
  const squared = squaredNorm(gradients);
  const norm = Math.sqrt((await squared.data())[0]!);
  squared.dispose();
  return norm > clipNorm ? clipNorm / norm : 1;
}
