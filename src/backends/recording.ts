import type { HostArray } from "../tensors/hostArray.ts";
import type * as tf from "../tensors/tf.ts";
import type { OptimizerSlot, StepSettings, UpdateRule } from "./optimizer.ts";

/** A training step as a backend can record it: a pure function of tensors, without host reads and random draws. */
export interface StepProgram {
  /** The parameters with the optimiser's state. `compute` reads the parameters; only the optimiser changes them. */
  readonly slots: readonly OptimizerSlot[];
  readonly optimizer: UpdateRule;
  /** Gradients that are longer together are scaled down to this length first; 0 leaves them as they are. */
  readonly clipNorm: number;
  /** From the step's inputs: the numbers that it reports, and the gradients in the order of the slots. */
  compute(inputs: readonly tf.Tensor[]): {
    readonly report: tf.Tensor1D;
    readonly gradients: readonly tf.Tensor[];
  };
}

/**
 * A recorded step for inputs of the shapes that it was recorded with. It has copies of its own of the parameters and
 * of the optimiser's state, on which it works between `load` and `store`; the program's variables stay as they were meanwhile.
 */
export interface RecordedStep {
  /** Copies the parameters and the state in. */
  load(): void;
  /**
   * One step in a single call; it need not be done when this returns, but no longer needs its inputs then. If a number of
   * its report is not finite, no parameter and no state changes, in this step and in those after it until `load`.
   */
  run(inputs: readonly HostArray[], at: StepSettings): Promise<void>;
  /** Waits for the steps since the last call and returns their reports. */
  read(): Promise<Float32Array[]>;
  /** Copies the parameters and the state out. */
  store(): void;
  dispose(): void;
}

/**
 * Records a step by running it on example inputs, which changes no variable. Fails where it cannot be replayed, with
 * the reason as the error's message.
 */
export type RecordStep = (program: StepProgram, inputs: readonly HostArray[]) => Promise<RecordedStep>;

/** A pass as a backend can record it: a pure function of tensors, without host reads and random draws. */
export interface PassProgram {
  /** What `compute` reads besides its inputs and may have other values at each run. */
  readonly parameters: readonly tf.Variable[];
  compute(inputs: readonly tf.Tensor[]): readonly tf.Tensor[];
}

/** A recorded pass for inputs of the shapes that it was recorded with. */
export interface RecordedPass {
  /**
   * The values of what the program computes of the inputs and of the parameters as they are now. The arrays of the inputs
   * are the caller's again when they are there.
   */
  run(inputs: readonly HostArray[]): Promise<Float32Array[]>;
  dispose(): void;
}

/**
 * Records a pass by running it on example inputs. Fails where it cannot be replayed, with the reason as the error's
 * message.
 */
export type RecordPass = (program: PassProgram, inputs: readonly HostArray[]) => Promise<RecordedPass>;

/**
 * Fails unless a recorded step reports what was computed operation by operation, up to `tolerance` relative to it. Of
 * what the step works on, only its own copies change.
 */
export async function tryOut(
  step: RecordedStep,
  inputs: readonly HostArray[],
  expected: ArrayLike<number>,
  tolerance: number,
): Promise<void> {
  step.load();
  await step.run(inputs, { learningRate: 0, step: 1 });
  const [report] = (await step.read()) as [Float32Array];
  mustAgree(report, expected, tolerance);
}

/** Fails unless what a recording gives is what was computed operation by operation, up to `tolerance` relative to it. */
export function mustAgree(values: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  for (let i = 0; i < expected.length; i++) {
    const [value, wanted] = [values[i]!, expected[i]!];
    const isSame = Number.isFinite(wanted)
      ? Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted))
      : !Number.isFinite(value);
    if (!isSame) throw new Error("replayed, it does not give the same numbers");
  }
}
