import { isDeepStrictEqual } from "node:util";
import { controlsAt, type Objective } from "../objectives/objective.ts";
import { learningRateSchedule } from "./schedules.ts";
import type { TrainingConfig } from "./schema.ts";

/** A stretch of a run with one set of settings. Only what `changeSchema` names may differ from one phase to the next. */
export interface Phase {
  /** Its first step, counted from 0. */
  readonly from: number;
  readonly config: TrainingConfig;
  readonly objective: Objective;
}

/** In their order; the first is from 0. */
export type Phases = readonly [Phase, ...Phase[]];

/** The phases of a run as functions of the step, counted from 0: pure, so that a run can be taken up at any step. */
export function settingsByStep(phases: Phases, stepsPerEpoch: number) {
  const learningRates = new Map(
    phases.map(({ config }) => [config, learningRateSchedule(config, stepsPerEpoch * config.epochs)]),
  );
  const at = (step: number): Phase => phases.findLast(({ from }) => from <= step) ?? phases[0];
  return {
    at,
    learningRateAt: (step: number) => learningRates.get(at(step).config)!(step),
    controlsAt: (step: number) => controlsAt(at(step).objective, step, stepsPerEpoch),
    /** The controls where they end, by the phase of a step. */
    finalControlsAt: (step: number) => controlsAt(at(step).objective, "final", stepsPerEpoch),
    /** Whether losses from this step on do not compare with those before, as another β makes them. */
    startsAnew: (step: number) =>
      phases.some(
        ({ from, objective }, i) =>
          from === step && i > 0 && !haveOneLoss(objective, phases[i - 1]!.objective),
      ),
  };
}

const haveOneLoss = (a: Objective, b: Objective) =>
  isDeepStrictEqual(controlsAt(a, "final", 1), controlsAt(b, "final", 1));
