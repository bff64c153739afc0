import { z } from "zod";
import { diagonalGaussian } from "./diagonalGaussian.ts";
import type { PosteriorFamily, PosteriorParams } from "./posterior.ts";

export const posteriorSchema = z
  .discriminatedUnion("kind", [diagonalGaussian.schema])
  .describe("q(z|x): the approximate posterior");

export type PosteriorConfig = z.infer<typeof posteriorSchema>;

const posteriors = { diagonalGaussian } satisfies {
  [K in PosteriorConfig["kind"]]: { schema: z.ZodType<Extract<PosteriorConfig, { kind: K }>> };
};

/** The family that a configuration names. */
export function posteriorFamily(config: PosteriorConfig) {
  return posteriors[config.kind] as unknown as PosteriorFamily<z.ZodType<PosteriorConfig>, PosteriorParams>;
}
