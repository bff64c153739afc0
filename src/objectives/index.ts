import type { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { familyOf } from "../base/family.ts";
import type { Model } from "../model/model.ts";
import { capacity } from "./capacity.ts";
import { dreg } from "./dreg.ts";
import { elbo } from "./elbo.ts";
import { freeBits } from "./freeBits.ts";
import { iwae } from "./iwae.ts";
import { isWeighedElbo, type Objective, type ObjectiveFamily, settlesAfter } from "./objective.ts";

export const objectives = familyOf<ObjectiveFamily>()("kind", [elbo, iwae, dreg, freeBits, capacity]);

export const objectiveSchema = objectives.schema.describe("what is minimised");

export type ObjectiveConfig = z.infer<typeof objectiveSchema>;

/** The objective that a configuration names. */
export const createObjective = (config: ObjectiveConfig): Objective => objectives.of(config).create(config);

/** Fails, with the reason, where a model's terms lack what the objective is made of. */
export function checkObjective(objective: Objective, model: Model): void {
  const { kind, samples } = objective;
  if (model.inferred === "nothing" && (kind !== "elbo" || samples > 1 || settlesAfter(objective) > 0)) {
    const what =
      kind !== "elbo"
        ? `objective.kind is ${kind}`
        : samples > 1
          ? `objective.samples is ${samples}`
          : "objective.warmup is set";
    throw new VaeError(
      "usage",
      `${what}, and the model has no latent: there is nothing to draw and no rate, and its loss is −log p(x|y) itself. ` +
        "Leave `objective` out, or take model.kind vae.",
    );
  }
  if (model.inferred === "weights" && !isWeighedElbo(objective)) {
    throw new VaeError(
      "usage",
      `objective.kind is ${kind}, which is made of the latents of each example, and the weights of a Bayesian network belong to all rows ` +
        "at once. Accepted: elbo, with objective.beta and objective.warmup.",
    );
  }
  objective.check?.(model);
}

/** The evidence lower bound as evaluations take it: one sample of each example, β = 1. */
export const plainElbo: Objective = createObjective(elbo.schema.parse({ kind: "elbo" }));
