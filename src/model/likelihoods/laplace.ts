import { z } from "zod";
import { log1mExp } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import {
  initialLocationScale,
  type LocationScaleOptions,
  locationScale,
  type StandardDensity,
} from "./locationScale.ts";
import { meanSchema } from "./meanFunction.ts";
import { describeScale, scaleSetting } from "./scale.ts";

const schema = z.strictObject({ kind: z.literal("laplace"), scale: scaleSetting, mean: meanSchema });

/**
 * `log p(x) = −|x − μ| / b − log 2b`, the density behind the absolute error; its standard deviation is √2 b.
 *
 * With b fixed, −log p = SAE / b + D log 2b. With one learned b its optimum is the mean absolute residual.
 */
export const laplace = defineLikelihood({
  schema,
  kindOf: "density",
  words: {
    summary: "absolute error as a density",
    formula: "−|x − μ| / b − log 2b",
    familiar: "absolute error (SAE, MAE, L1)",
  },
  settings: ({ scale }) => describeScale("b", scale),
  support: ({ scale }) => ({ set: "real", canDiverge: scale === "perPixel" }),
  initialParams: (config, averageImage) => initialLocationScale(optionsOf(config), averageImage),
  create: (config, createVariable) => locationScale(standardLaplace, optionsOf(config), createVariable),
});

const optionsOf = ({ scale, mean }: z.infer<typeof schema>): LocationScaleOptions => ({
  scale,
  mean,
  sigmaAtOne: Math.SQRT2,
});

const standardLaplace: StandardDensity = {
  energy: tf.abs,
  weight: 1,
  degree: 1,
  logNormaliser: Math.LN2,
  variance: 2,
  logProb: (t) => -Math.abs(t) - Math.LN2,
  logMass: (from, to) => -Math.LN2 - from + log1mExp(to - from),
  /** An exponential with a random sign. */
  draw(random) {
    const magnitude = -Math.log1p(-random.uniform());
    return random.uniform() < 0.5 ? -magnitude : magnitude;
  },
};
