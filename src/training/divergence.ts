import { VaeError } from "../base/errors.ts";

interface Circumstances {
  /** What became of the numbers. */
  readonly outcome: string;
  /** The step that the last checkpoint is from, where that is known. */
  readonly savedStep?: number;
  readonly learningRate: number;
}

/** A number that is no longer finite. */
export class Divergence extends VaeError {
  /** A sentence, without what to do about it. */
  readonly found: string;

  /** `found` is such as `"The loss is not finite at step 13"`. */
  constructor(found: string, { outcome, savedStep, learningRate }: Circumstances) {
    super(
      "diverged",
      `${found}. ${outcome}; the last checkpoint is from ${placeOf(savedStep)}. ` +
        `Try a lower --lr (now ${learningRate}), --training.clipNorm 100, --training.warmupSteps 500, or --on-divergence rollback.`,
    );
    this.found = found;
  }
}

function placeOf(step: number | undefined): string {
  if (step === undefined) return "before that";
  return step === 0 ? "before the first step" : `step ${step}`;
}
