import { conditions } from "../conditions/index.ts";
import type { Config } from "../config/schema.ts";
import { models } from "../model/index.ts";
import { likelihoods } from "../model/likelihoods/index.ts";

/** What a run is, above its pictures: its data, its likelihood, its model and what that is given. */
export function titleOf({ likelihood, model, condition }: Config, dataset: string): string {
  const { kind } = likelihood;
  const noun = likelihoods.of(likelihood).kindOf === "loss" ? "loss" : "likelihood";
  const given = condition.kind === "none" ? "" : `, given ${conditions.of(condition).what}`;
  return `${dataset}, ${kind} ${noun}, ${models.of(model).describe(model)}${given}`;
}
