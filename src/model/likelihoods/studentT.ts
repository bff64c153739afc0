import { z } from "zod";
import { incompleteBeta, logGamma } from "../../tensors/hostMath.ts";
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
import { describeScale, scaleSetting } from "./scale.ts";

const schema = z.strictObject({
  kind: z.literal("student-t"),
  scale: scaleSetting,
  mean: meanSchema,
  df: z.number().gt(2).max(1000).default(5).meta({
    description: "degrees of freedom ν: few make heavy tails; above 2, so that there is a variance",
  }),
});

/**
 * `log p(x) = −(ν+1)/2 · log(1 + t²/ν) − log s − log(√(νπ) Γ(ν/2) / Γ((ν+1)/2))`, t = (x − μ)/s.
 *
 * A Gaussian whose precision is itself uncertain (Lange, Little and Taylor 1989, "Robust statistical modeling using
 * the t distribution"): the pull of a residual on the mean falls again beyond √ν s.
 */
export const studentT = defineLikelihood({
  schema,
  kindOf: "density",
  words: {
    summary: "squared error that forgives outliers, as a density",
    formula: "−(ν + 1)/2 · log(1 + t²/ν) − log s − log(√(νπ) Γ(ν/2) / Γ((ν + 1)/2))",
    familiar: "log(1 + t²/ν), the Cauchy or Lorentzian loss",
  },
  settings: ({ df, scale }) => `t = (x − μ) / s, ν = ${df}, ${describeScale("s", scale)}`,
  support: ({ scale }) => ({ set: "real", canDiverge: scale === "perPixel" }),
  initialParams: (config, averageImage) => initialLocationScale(optionsOf(config), averageImage),
  create: (config, createVariable) => locationScale(standardT(config.df), optionsOf(config), createVariable),
});

const variance = (df: number) => df / (df - 2);

const optionsOf = ({ scale, mean, df }: z.infer<typeof schema>): LocationScaleOptions => ({
  scale,
  mean,
  sigmaAtOne: Math.sqrt(variance(df)),
});

/** log(√(νπ) Γ(ν/2) / Γ((ν+1)/2)) */
export const studentLogNormaliser = (df: number) =>
  0.5 * Math.log(df * Math.PI) + logGamma(df / 2) - logGamma((df + 1) / 2);

function standardT(df: number): StandardDensity {
  const constant = studentLogNormaliser(df);
  const logProb = (t: number) => (-(df + 1) / 2) * Math.log1p((t * t) / df) - constant;
  return {
    energy: (t) => tf.log1p(tf.mul(tf.square(t), 1 / df)),
    weight: (df + 1) / 2,
    logNormaliser: constant,
    variance: variance(df),
    logProb,
    logMass: (from, to) => logMassByTails({ logProb, logTail: (t) => logTail(df, t) }, from, to),
    draw(random) {
      // Bailey 1994, "Polar generation of random variates with the t-distribution": exact for every ν.
      for (;;) {
        const u = 2 * random.uniform() - 1;
        const v = 2 * random.uniform() - 1;
        const w = u * u + v * v;
        if (w > 0 && w < 1) return u * Math.sqrt((df * (w ** (-2 / df) - 1)) / w);
      }
    },
  };
}

/**
 * log P(T > t) = log ½ I_x(ν/2, ½), x = ν/(ν + t²), for t ≥ 0.
 *
 * Away from the centre by the series I_x(a, b) = xᵃ(1−x)ᵇ / (a B(a, b)) · Σ Π (a+b+i)/(a+1+i) x, which is a logarithm
 * without underflow (DLMF 8.17.8); its terms shrink at least like 0.9ⁿ.
 */
function logTail(df: number, t: number): number {
  if (t === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  const [a, b] = [df / 2, 0.5];
  const x = df / (df + t * t);
  if (x > 0.9) return Math.log(0.5 * incompleteBeta(a, b, x));
  let term = 1;
  let sum = 1;
  for (let i = 0; term > 1e-17 * sum; i++) {
    term *= ((a + b + i) / (a + 1 + i)) * x;
    sum += term;
  }
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  // log x from log t, because t² may overflow.
  const logX = Math.log(df) - 2 * Math.log(t) - Math.log1p(df / t / t);
  return -Math.LN2 + a * logX + b * Math.log1p(-x) - Math.log(a) - logBeta + Math.log(sum);
}
