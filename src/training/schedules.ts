import type { TrainingConfig } from "./schema.ts";

/** Settings as functions of the step, counted from 0: pure, so that a run can be taken up at any step. */
export type Schedule = (step: number) => number;

/** The learning rate: a linear rise over `warmupSteps`, then from `learningRate` to `finalLearningRate`. */
export function learningRateSchedule(config: TrainingConfig, totalSteps: number): Schedule {
  const { learningRate: start, finalLearningRate: end, warmupSteps } = config;
  const decay = {
    constant: () => start,
    linear: (t: number) => start + (end - start) * t,
    cosine: (t: number) => end + ((start - end) * (1 + Math.cos(Math.PI * t))) / 2,
    exponential: (t: number) => start * (end / start) ** t,
  }[config.schedule];
  return (step) => {
    if (step < warmupSteps) return (start * (step + 1)) / warmupSteps;
    return decay(Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps - 1)));
  };
}
