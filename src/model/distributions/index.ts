import type { z } from "zod";
import { familyOf } from "../../base/family.ts";
import { conditionalGaussian } from "./conditionalGaussian.ts";
import { couplingFlow } from "./couplingFlow.ts";
import { diagonalGaussianPosterior } from "./diagonalGaussian.ts";
import type { PosteriorFamily, PriorFamily } from "./distribution.ts";
import { gaussianMixture } from "./gaussianMixture.ts";
import { planarFlowPosterior } from "./planarFlow.ts";
import { standardNormal } from "./standardNormal.ts";
import { vamp } from "./vamp.ts";

export const posteriors = familyOf<PosteriorFamily>()("kind", [
  diagonalGaussianPosterior,
  planarFlowPosterior,
]);

export const priors = familyOf<PriorFamily>()("kind", [
  standardNormal,
  gaussianMixture,
  vamp,
  couplingFlow,
  conditionalGaussian,
]);

export const posteriorSchema = posteriors.schema.describe("q(z|x): the approximate posterior");

export const priorSchema = priors.schema.describe("p(z), or p(z|y) with a condition");

export type PosteriorConfig = z.infer<typeof posteriorSchema>;
export type PriorConfig = z.infer<typeof priorSchema>;
