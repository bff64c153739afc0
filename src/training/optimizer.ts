import { applyUpdate, type OptimizerSlot, squaredNorm, type UpdateRule } from "../backends/index.ts";
import type { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import { optimizers } from "./optimizers/index.ts";
import type { TrainingConfig } from "./schema.ts";

/** An optimiser with its state for each parameter; the number of the step comes from outside, so resuming is exact. */
export interface Optimizer {
  readonly rule: UpdateRule;
  readonly clipNorm: number;
  /** The parameters in their order, each with its state. */
  readonly slots: readonly OptimizerSlot[];
  /** By the names that a checkpoint has, `<kind>.<state>.<parameter>`, such as `adam.m.encoder.hidden0.kernel`. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * Updates the parameters in place from gradients in their order. `step` counts from 1. Gradients longer than `clipNorm`
   * are first scaled down to it (Pascanu et al. 2013).
   */
  apply(gradients: readonly tf.Tensor[], learningRate: number, step: number): Promise<void>;
  dispose(): void;
}

/** The optimiser that a configuration names. */
export function createOptimizer(
  parameters: Parameters,
  { optimizer, clipNorm }: Pick<TrainingConfig, "optimizer" | "clipNorm">,
): Optimizer {
  const rule = optimizers.of(optimizer).create(optimizer);
  const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
  const slots = parameters.variables.map((param) => ({
    param,
    state: Object.fromEntries(rule.state.map((name) => [name, zeros(param.shape)])),
  }));
  const { names } = parameters;
  const state = new Map(
    slots.flatMap(({ state }, i) =>
      Object.entries(state).map(
        ([name, variable]) => [`${rule.kind}.${name}.${names[i]}`, variable] as const,
      ),
    ),
  );
  return {
    rule,
    clipNorm,
    slots,
    state,
    async apply(gradients, learningRate, step) {
      const scale = clipNorm > 0 ? await clipScale(gradients, clipNorm) : 1;
      applyUpdate(rule, slots, gradients, { learningRate, step, scale });
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
