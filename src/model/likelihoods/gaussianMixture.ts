import { z } from "zod";
import { HALF_LOG_TWO_PI } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { logStandardNormal } from "../distributions/normal.ts";
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
import { describeScale, scaleSetting } from "./scale.ts";

const schema = z.strictObject({
  kind: z.literal("gaussian-mixture"),
  components: componentsSetting.default(5),
  scale: scaleSetting,
  mean: meanSchema,
});

/**
 * `log p(x) = log Σ_k π_k N(x; μ_k, s_k²)`: for pixels that are one thing or another, where a single Gaussian would
 * settle on the grey between them (Bishop 1994, "Mixture density networks").
 */
export const gaussianMixture = defineLikelihood({
  schema,
  kindOf: "density",
  words: {
    summary: "mixture of Gaussians for each pixel",
    formula: "log Σ_k π_k N(x; μ_k, s²)",
    familiar: "a soft minimum of squared errors",
  },
  settings: ({ components, scale }) => `${countComponents(components)}, ${describeScale("s", scale)}`,
  // A shared scale too can go to 0: components on 0 and on 1 meet every pixel of a black-and-white image exactly.
  support: ({ scale }) => ({ set: "real", canDiverge: typeof scale !== "number" }),
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
    return tf.sub(logStandardNormal(t), scales.log);
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
