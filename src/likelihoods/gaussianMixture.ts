import { z } from "zod";
import * as tf from "../tf.ts";
import { standardNormal } from "./gaussian.ts";
import { defineLikelihood } from "./likelihood.ts";
import type { LocationScaleOptions } from "./locationScale.ts";
import { meanSchema } from "./meanFunction.ts";
import {
  type ComponentFamily,
  componentsSetting,
  countComponents,
  createMixture,
  initialMixture,
} from "./mixture.ts";
import { describeScale, REAL_LINE, realCodings, scaleSetting } from "./scale.ts";
import { HALF_LOG_TWO_PI } from "./special.ts";

const schema = z
  .strictObject({
    kind: z.literal("gaussian-mixture"),
    components: componentsSetting.default(5),
    scale: scaleSetting,
    mean: meanSchema,
  })
  .describe("mixture of Gaussians for each pixel");

/**
 * `log p(x) = log Σ_k π_k N(x; μ_k, s_k²)`: for pixels that are one thing or another, where a single Gaussian would
 * settle on the grey between them (Bishop 1994, "Mixture density networks").
 */
export const gaussianMixture = defineLikelihood({
  schema,
  kindOf: "density",
  formula: ({ components, scale }) =>
    `log p(x|z) = log sum_k pi_k(z) N(x; mu_k(z), s^2), ${countComponents(components)}, ${describeScale("s", scale)}`,
  baseMeasure: () => REAL_LINE,
  // A shared scale too can go to 0: components on 0 and on 1 meet every pixel of a black-and-white image exactly.
  pixels: ({ scale }) => realCodings(typeof scale !== "number"),
  initialParams: (config, averageImage) => initialMixture(config.components, optionsOf(config), averageImage),
  create: (config, createVariable) =>
    createMixture(config.components, gaussians, optionsOf(config), createVariable),
});

const optionsOf = ({ scale, mean }: z.infer<typeof schema>): LocationScaleOptions => ({
  scale,
  mean,
  sigmaAtOne: 1,
});

const gaussians: ComponentFamily = {
  logProb({ locations, scales }, x) {
    const t = tf.mul(tf.sub(x, locations), scales.inverse);
    return tf.sub(tf.mul(tf.square(t), -0.5), tf.add(scales.log, HALF_LOG_TWO_PI));
  },
  parts(minusLogProb, _x, { log }) {
    const constant = tf.fill<tf.Rank.R2>(minusLogProb.shape, HALF_LOG_TWO_PI);
    if (log.rank > 0) return { error: tf.sub(minusLogProb, constant), constant }; // a scale for each component
    const logScale = tf.add<tf.Tensor2D>(tf.zerosLike(minusLogProb), log);
    return { error: tf.sub(tf.sub(minusLogProb, constant), logScale), logScale, constant };
  },
  mean: ({ locations }) => locations,
  draw: standardNormal.draw,
  density: standardNormal,
};
