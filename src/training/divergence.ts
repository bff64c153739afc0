import { VaeError } from "../base/errors.ts";

/** What a run was doing when a number was no longer finite. */
export interface Divergence {
  /** What was found, as the beginning of a sentence: `"The loss is not finite at step 13"`. */
  readonly found: string;
  /** What became of the numbers. */
  readonly outcome: string;
  /** The step that the last checkpoint is from, where that is known. */
  readonly savedStep?: number;
  readonly learningRate: number;
}

/** The error of a run that has diverged. */
export const diverged = ({ found, outcome, savedStep, learningRate }: Divergence): VaeError =>
  new VaeError(
    "diverged",
    `${found}. ${outcome}; the last checkpoint is from ${placeOf(savedStep)}. ` +
      `Try a lower --lr (now ${learningRate}), --training.clipNorm 100, --training.warmupSteps 500, or --on-divergence rollback.`,
  );

function placeOf(step: number | undefined): string {
  if (step === undefined) return "before that";
  return step === 0 ? "before the first step" : `step ${step}`;
}
