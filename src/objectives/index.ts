import type { z } from "zod";
import { familyOf } from "../base/family.ts";
import { capacity } from "./capacity.ts";
import { dreg } from "./dreg.ts";
import { elbo } from "./elbo.ts";
import { freeBits } from "./freeBits.ts";
import { iwae } from "./iwae.ts";
import type { Objective, ObjectiveFamily } from "./objective.ts";

export const objectives = familyOf<ObjectiveFamily>()("kind", [elbo, iwae, dreg, freeBits, capacity]);

export const objectiveSchema = objectives.schema.describe("what is minimised");

export type ObjectiveConfig = z.infer<typeof objectiveSchema>;

/** The objective that a configuration names. */
export const createObjective = (config: ObjectiveConfig): Objective => objectives.of(config).create(config);

/** The evidence lower bound as evaluations take it: one sample of each example, β = 1. */
export const plainElbo: Objective = createObjective(elbo.schema.parse({ kind: "elbo" }));
