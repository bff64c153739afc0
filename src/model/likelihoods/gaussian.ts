import { z } from "zod";
import { HALF_LOG_TWO_PI, logNormalTail } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { defineLikelihood } from "./likelihood.ts";
import {
  initialLocationScale,
  type LocationScaleOptions,
  locationScale,
  type StandardDensity,
} from "./locationScale.ts";
import { meanSchema } from "./meanFunction.ts";
import { logMassByTails } from "./pixelDistribution.ts";
import { describeScale, scaleSchema } from "./scale.ts";

const schema = z.strictObject({
  kind: z.literal("gaussian"),
  sigma: scaleSchema.default(0.35).meta({
    description:
      "noise scale σ in units of x: a number keeps it fixed, `shared` learns one σ, `perPixel` lets the decoder give σ(z)",
    flag: "sigma",
  }),
  mean: meanSchema,
});

/**
 * `log N(x; μ, σ²) = −(x − μ)² / 2σ² − log σ − ½ log 2π`, the density behind the squared error.
 *
 * With σ fixed, −log p = SSE / 2σ² + D (log σ + ½ log 2π): minimising SSE + β·KL is choosing σ² = β/2.
 * With one learned σ its optimum is the root mean squared residual (Rybkin et al. 2021, "Simple and effective VAE
 * training with calibrated decoders", eq. 5).
 */
export const gaussian = defineLikelihood({
  schema,
  kindOf: "density",
  words: {
    summary: "squared error as a density",
    formula: "−(x − μ)² / 2σ² − log σ − ½ log 2π",
    familiar: "squared error (SSE, MSE)",
  },
  settings: ({ sigma }) => describeScale("σ", sigma),
  support: ({ sigma }) => ({ set: "real", canDiverge: sigma === "perPixel" }),
  initialParams: (config, averageImage) => initialLocationScale(optionsOf(config), averageImage),
  create: (config, createVariable) => locationScale(standardNormal, optionsOf(config), createVariable),
});

const optionsOf = ({ sigma, mean }: z.infer<typeof schema>): LocationScaleOptions => ({
  scale: sigma,
  mean,
  sigmaAtOne: 1,
  name: "logSigma",
});

const logProb = (t: number) => -0.5 * t * t - HALF_LOG_TWO_PI;

export const standardNormal: StandardDensity = {
  energy: tf.square,
  weight: 0.5,
  degree: 2,
  logNormaliser: HALF_LOG_TWO_PI,
  variance: 1,
  logProb,
  logMass: (from, to) => logMassByTails({ logProb, logTail: logNormalTail }, from, to),
  draw: (random) => random.normal(),
};
