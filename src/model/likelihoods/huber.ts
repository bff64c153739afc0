import { z } from "zod";
import { customOp } from "../../tensors/deviceMath.ts";
import { erf, log1mExp, logAddExp, normalQuantile } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { standardNormal } from "./gaussian.ts";
import { defineLikelihood } from "./likelihood.ts";
import {
  initialLocationScale,
  type LocationScaleOptions,
  locationScale,
  type StandardDensity,
} from "./locationScale.ts";
import { meanSchema } from "./meanFunction.ts";
import { describeScale, scaleSetting } from "./scale.ts";

const schema = z.strictObject({
  kind: z.literal("huber"),
  scale: scaleSetting,
  mean: meanSchema,
  delta: z.number().positive().default(1).meta({
    description: "where the square turns into a straight line, in units of the scale",
  }),
});

/**
 * `log p(x) = −h(t) − log s − log Z`, t = (x − μ)/s, with Huber's h(t) = ½t² for |t| ≤ δ and δ|t| − ½δ² beyond: a
 * Gaussian core with exponential tails, the least favourable of the contaminated Gaussians (Huber 1964, "Robust
 * estimation of a location parameter").
 *
 * Z = √(2π) erf(δ/√2) + (2/δ) exp(−δ²/2), the mass of the core and of the two tails.
 */
export const huber = defineLikelihood({
  schema,
  kindOf: "density",
  words: {
    summary: "Huber's loss as a density: squared error near the mean, absolute error beyond",
    formula: "−h(t) − log s − log Z",
    familiar: "Huber's loss (smooth L1)",
  },
  settings: ({ delta, scale }) => `t = (x − μ) / s, δ = ${delta}, ${describeScale("s", scale)}`,
  support: ({ scale }) => ({ set: "real", canDiverge: scale === "perPixel" }),
  initialParams: (config, averageImage) => initialLocationScale(optionsOf(config), averageImage),
  create: (config, createVariable) =>
    locationScale(standardHuber(config.delta), optionsOf(config), createVariable),
});

const optionsOf = ({ scale, mean, delta }: z.infer<typeof schema>): LocationScaleOptions => ({
  scale,
  mean,
  sigmaAtOne: Math.sqrt(parts(delta).variance),
});

/** Closed forms: log Z, the share of the core in Z, ∫ t² p(t) dt. */
function parts(delta: number) {
  const core = Math.sqrt(2 * Math.PI) * erf(delta / Math.SQRT2);
  const edge = Math.exp(-0.5 * delta * delta);
  const Z = core + (2 / delta) * edge;
  return {
    logNormaliser: Math.log(Z),
    coreShare: core / Z,
    // By parts: ∫ t² exp(−½t²) over the core is core − 2δ·edge, the tails have 2·edge·(δ + 2/δ + 2/δ³).
    variance: (core + 4 * edge * (1 / delta + 1 / delta ** 3)) / Z,
  };
}

/** log Z. */
export const huberLogNormaliser = (delta: number) => parts(delta).logNormaliser;

function standardHuber(delta: number): StandardDensity {
  const { logNormaliser, coreShare, variance } = parts(delta);
  const toCore = -standardNormal.logProb(0) - logNormaliser; // from the normal density to exp(−½t²) / Z
  return {
    energy: (t) => huberLoss(t, delta),
    weight: 1,
    logNormaliser,
    variance,
    logProb(t) {
      const clipped = Math.min(Math.abs(t), delta);
      return -clipped * (Math.abs(t) - clipped / 2) - logNormaliser;
    },
    logMass(from, to) {
      const start = Math.max(from, delta);
      const core =
        from < delta ? toCore + standardNormal.logMass(from, Math.min(to, delta)) : Number.NEGATIVE_INFINITY;
      if (to <= delta) return core;
      const tail =
        delta * (delta / 2 - start) - Math.log(delta) + log1mExp(delta * (to - start)) - logNormaliser;
      return logAddExp(core, tail);
    },
    draw(random) {
      const u = 2 * random.uniform() - 1;
      if (random.uniform() < coreShare) {
        const t = normalQuantile(0.5 + 0.5 * u * erf(delta / Math.SQRT2)); // a normal cut off at ±δ
        return Math.max(-delta, Math.min(delta, t));
      }
      const t = delta - Math.log1p(-random.uniform()) / delta;
      return u < 0 ? -t : t;
    },
  };
}

/** h(t) = c·(t − ½c) with c = t cut off at ±δ, which is both of its branches; h′(t) = c. For each element. */
function huberLoss(t: tf.Tensor2D, delta: number): tf.Tensor2D {
  return customOp(
    t,
    (t) => {
      const c = tf.clipByValue(t, -delta, delta);
      return { value: tf.mul<tf.Tensor2D>(c, tf.sub(t, tf.mul(c, 0.5))), saved: [c] };
    },
    (dy, [c]) => tf.mul(dy, c!),
  );
}
