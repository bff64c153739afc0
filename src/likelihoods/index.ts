import { z } from "zod";
import { bernoulli } from "./bernoulli.ts";
import { gaussian } from "./gaussian.ts";
import type { LikelihoodFamily } from "./likelihood.ts";

export const likelihoodSchema = z.discriminatedUnion("kind", [gaussian.schema, bernoulli.schema]).meta({
  description: "p(x|z): the density that the reconstruction loss is minus the logarithm of",
  flag: "likelihood",
});

export type LikelihoodConfig = z.infer<typeof likelihoodSchema>;

const likelihoods = { gaussian, bernoulli } satisfies {
  [K in LikelihoodConfig["kind"]]: { schema: z.ZodType<Extract<LikelihoodConfig, { kind: K }>> };
};

/** The family that a configuration names. */
export function likelihoodFamily(config: LikelihoodConfig) {
  // The one cast: the table holds each kind under its own name, which the compiler cannot follow through an index.
  return likelihoods[config.kind] as unknown as LikelihoodFamily<z.ZodType<LikelihoodConfig>>;
}
