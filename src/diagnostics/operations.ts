import { elementwiseCases } from "./operations/elementwise.ts";
import { latentCases } from "./operations/latents.ts";
import { likelihoodCases } from "./operations/likelihoods.ts";
import { linearCases } from "./operations/linear.ts";
import { networkCases } from "./operations/networks.ts";
import type { OperationCase } from "./operations/operation.ts";
import { optimizerCases } from "./operations/optimizer.ts";
import { reductionCases } from "./operations/reductions.ts";
import { shapeCases } from "./operations/shapes.ts";

/**
 * Everything that models, likelihoods, objectives, optimisers and figures run: first one by one, then as the parts of a
 * model put it together, which is where kernels of our own are used. The shapes are small, but those of products beyond
 * the blocks of the kernels (48 wide, 4 high) where a wrong edge would hide.
 */
export const operationCases: readonly OperationCase[] = [
  ...linearCases,
  ...elementwiseCases,
  ...reductionCases,
  ...shapeCases,
  ...networkCases,
  ...latentCases,
  ...likelihoodCases,
  ...optimizerCases,
];
