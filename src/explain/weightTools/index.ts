import { bayesianTorch } from "./bayesianTorch.ts";
import { blitz } from "./blitz.ts";
import { tensorflowProbability } from "./tensorflowProbability.ts";
import type { WeightTool } from "./weightTool.ts";

/** Libraries of Bayesian layers, in whose settings a network may be written. */
export const weightTools: readonly WeightTool[] = [blitz, bayesianTorch, tensorflowProbability];
