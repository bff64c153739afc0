import { z } from "zod";
import { elbo } from "./elbo.ts";
import type { Objective, ObjectiveFamily } from "./objective.ts";

export const objectiveSchema = z.discriminatedUnion("kind", [elbo.schema]).describe("what is minimised");

export type ObjectiveConfig = z.infer<typeof objectiveSchema>;

const objectives = { elbo } satisfies {
  [K in ObjectiveConfig["kind"]]: { schema: z.ZodType<Extract<ObjectiveConfig, { kind: K }>> };
};

/** The objective that a configuration names. */
export function createObjective(config: ObjectiveConfig): Objective {
  return (objectives[config.kind] as unknown as ObjectiveFamily<z.ZodType<ObjectiveConfig>>).create(config);
}
