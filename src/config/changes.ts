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

/** The stretches of a run with one configuration each, from the first step on. */
export function phasesOf(
  config: Config,
): [{ from: number; config: Config }, ...{ from: number; config: Config }[]] {
  const steps = [...new Set(config.changes.map(({ step }) => step))].sort((a, b) => a - b);
  return [
    { from: 0, config: configAt(config, 0) },
    ...steps.map((from) => ({ from, config: configAt(config, from) })),
  ];
}

/** The configuration with settings, by path, that hold from a step on; from step 0 on they are simply its settings. */
export function withChange(config: Config, step: number, values: ReadonlyMap<string, unknown>): Config {
  const change = config.changes.find((known) => known.step === step) ?? { step };
  const sections: Record<string, unknown> = { ...change };
  for (const [path, value] of values) {
    const [section, key] = path.split(".") as [string, string];
    sections[section] = { ...(sections[section] as object | undefined), [key]: value };
  }
  const { training, objective } = changeSchema.parse({ ...sections, step: Math.max(1, step) });
  if (step === 0) return { ...fold(config, { step, training, objective }), changes: config.changes };
  const others = config.changes.filter((known) => known.step !== step);
  return {
    ...config,
    changes: [...others, changeSchema.parse(sections)].toSorted((a, b) => a.step - b.step),
  };
}
