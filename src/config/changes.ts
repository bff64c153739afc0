import { VaeError } from "../base/errors.ts";
import { objectiveSchema } from "../objectives/index.ts";
import { changeable, trainingSchema } from "../training/schema.ts";
import { type Config, changeSchema } from "./schema.ts";

/** The settings that a change can hold, by path. */
export const CHANGEABLE = [...Object.keys(changeable).map((key) => `training.${key}`), "objective.beta"];

/** The configuration that holds at a step: with the changes up to it folded in, and none left. */
export function configAt(config: Config, step: number): Config {
  return config.changes
    .filter((change) => change.step <= step)
    .toSorted((a, b) => a.step - b.step)
    .reduce<Config>(fold, { ...config, changes: [] });
}

function fold(config: Config, { training, objective }: Config["changes"][number]): Config {
  if (objective && !("beta" in config.objective)) {
    throw new VaeError(
      "usage",
      `changes sets objective.beta, but the objective is ${config.objective.kind}, which has none.`,
    );
  }
  return {
    ...config,
    training: trainingSchema.parse({ ...config.training, ...training }),
    objective: objectiveSchema.parse({ ...config.objective, ...objective }),
  };
}

/** A stretch of a run with one configuration. */
interface Stretch {
  readonly from: number;
  readonly config: Config;
}

/** The stretches of a run, from the first step on. */
export function phasesOf(config: Config): [Stretch, ...Stretch[]] {
  const steps = new Set(config.changes.map(({ step }) => step).filter((step) => step > 0));
  return [
    { from: 0, config: configAt(config, 0) },
    ...[...steps].sort((a, b) => a - b).map((from) => ({ from, config: configAt(config, from) })),
  ];
}

/** The configuration with settings, by path, that hold from a step on. */
export function withChange(config: Config, step: number, values: ReadonlyMap<string, unknown>): Config {
  const change: Record<string, unknown> = { ...config.changes.find((known) => known.step === step), step };
  for (const [path, value] of values) {
    const [section, key] = path.split(".") as [string, string];
    change[section] = { ...(change[section] as object | undefined), [key]: value };
  }
  const others = config.changes.filter((known) => known.step !== step);
  const changes = [...others, changeSchema.parse(change)].toSorted((a, b) => a.step - b.step);
  return { ...config, changes };
}
