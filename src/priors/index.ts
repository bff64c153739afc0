import { z } from "zod";
import type { PriorFamily } from "./prior.ts";
import { standardNormal } from "./standardNormal.ts";

export const priorSchema = z.discriminatedUnion("kind", [standardNormal.schema]).describe("p(z)");

export type PriorConfig = z.infer<typeof priorSchema>;

const priors = { standardNormal } satisfies {
  [K in PriorConfig["kind"]]: { schema: z.ZodType<Extract<PriorConfig, { kind: K }>> };
};

/** The family that a configuration names. */
export function priorFamily(config: PriorConfig) {
  return priors[config.kind] as unknown as PriorFamily<z.ZodType<PriorConfig>>;
}
