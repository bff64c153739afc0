import type { LikelihoodConfig } from "../../model/likelihoods/index.ts";
import { bernoulli } from "./bernoulli.ts";
import { categorical } from "./categorical.ts";
import { continuousBernoulli } from "./continuousBernoulli.ts";
import { discretizedLogistic } from "./discretizedLogistic.ts";
import { gaussian } from "./gaussian.ts";
import { gaussianMixture } from "./gaussianMixture.ts";
import { huber } from "./huber.ts";
import { hybrid } from "./hybrid.ts";
import { laplace } from "./laplace.ts";
import { poisson } from "./poisson.ts";
import type { Reduce, Reduction, ReductionContext } from "./reduction.ts";
import { studentT } from "./studentT.ts";

const reductions = {
  gaussian,
  laplace,
  bernoulli,
  "continuous-bernoulli": continuousBernoulli,
  categorical,
  "gaussian-mixture": gaussianMixture,
  "discretized-logistic": discretizedLogistic,
  "student-t": studentT,
  huber,
  poisson,
  hybrid,
} satisfies { [K in LikelihoodConfig["kind"]]: Reduce<K> };

/** How the familiar loss drops out of the likelihood that a configuration names. */
export function reduce(config: LikelihoodConfig, context: ReductionContext): Reduction {
  // The one cast: the table holds each kind under its own name, which the compiler cannot follow through an index.
  return (reductions[config.kind] as Reduce<LikelihoodConfig["kind"]>)(config as never, context);
}
