import { z } from "zod";
import { type LevelsCoding, levelsOf, type PixelCoding } from "../pixels.ts";
import { bernoulli } from "./bernoulli.ts";
import { categorical } from "./categorical.ts";
import { continuousBernoulli } from "./continuousBernoulli.ts";
import { discretizedLogistic } from "./discretizedLogistic.ts";
import { gaussian } from "./gaussian.ts";
import { gaussianMixture } from "./gaussianMixture.ts";
import { huber } from "./huber.ts";
import { hybrid } from "./hybrid.ts";
import { laplace } from "./laplace.ts";
import type { LikelihoodFamily } from "./likelihood.ts";
import { studentT } from "./studentT.ts";

export const likelihoodSchema = z
  .discriminatedUnion("kind", [
    gaussian.schema,
    laplace.schema,
    bernoulli.schema,
    continuousBernoulli.schema,
    categorical.schema,
    gaussianMixture.schema,
    discretizedLogistic.schema,
    studentT.schema,
    huber.schema,
    hybrid.schema,
  ])
  .meta({
    description: "p(x|z): the density that the reconstruction loss is minus the logarithm of",
    flag: "likelihood",
  });

export type LikelihoodConfig = z.infer<typeof likelihoodSchema>;

const likelihoods = {
  gaussian,
  laplace,
  bernoulli,
  "continuous-bernoulli": continuousBernoulli,
  categorical,
  "gaussian-mixture": gaussianMixture,
  "discretized-logistic": discretizedLogistic,
  "student-t": studentT,
  huber,
  hybrid,
} satisfies {
  [K in LikelihoodConfig["kind"]]: { schema: z.ZodType<Extract<LikelihoodConfig, { kind: K }>> };
};

/** The family that a configuration names. */
export function likelihoodFamily(config: LikelihoodConfig) {
  // The one cast: the table holds each kind under its own name, which the compiler cannot follow through an index.
  return likelihoods[config.kind] as unknown as LikelihoodFamily<z.ZodType<LikelihoodConfig>>;
}

/** The densities for pixels of this coding, by how they are set to be one. */
export function likelihoodsFor(coding: PixelCoding): string[] {
  const levels = coding.startsWith("levels-") ? levelsOf(coding as LevelsCoding) : undefined;
  return likelihoodSchema.options.flatMap((option) => {
    const kind = option.shape.kind.value;
    const config = likelihoodSchema.parse({
      kind,
      ...(kind === "categorical" && levels && { levels }),
    });
    const { kindOf, pixels } = likelihoodFamily(config);
    if (kindOf !== "density" || !pixels(config).includes(coding)) return [];
    return [kind === "categorical" ? `categorical with levels: ${levels}` : kind];
  });
}
