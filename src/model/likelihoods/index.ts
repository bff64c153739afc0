import type { z } from "zod";
import { familyOf } from "../../base/family.ts";
import type { Support } from "../../data/support.ts";
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
import { poisson } from "./poisson.ts";
import { studentT } from "./studentT.ts";

export const likelihoods = familyOf<LikelihoodFamily>()("kind", [
  gaussian,
  laplace,
  bernoulli,
  continuousBernoulli,
  categorical,
  gaussianMixture,
  discretizedLogistic,
  studentT,
  huber,
  poisson,
  hybrid,
]);

export const likelihoodSchema = likelihoods.schema.meta({
  description: "p(x|z): the density that the reconstruction loss is minus the logarithm of",
  flag: "likelihood",
});

export type LikelihoodConfig = z.infer<typeof likelihoodSchema>;

/** P, the parameters that the decoder gives for each value of x. */
export const paramChannelsOf = (config: LikelihoodConfig): number =>
  likelihoods.of(config).initialParams(config, ONE_VALUE).length;

const ONE_VALUE = Float32Array.of(0.5);

/** The values that the likelihood of a configuration is a density for. */
export const supportOf = (config: LikelihoodConfig): Support => likelihoods.of(config).support(config);
