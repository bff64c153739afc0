import { z } from "zod";
import { counted } from "../../base/counted.ts";
import { logSumExp } from "../../tensors/deviceMath.ts";
import * as special from "../../tensors/hostMath.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import type { Density } from "./likelihood.ts";
import type { LocationScaleOptions } from "./locationScale.ts";
import { meanFunctions } from "./meanFunction.ts";
import { mixed, type PixelDistribution, type SymmetricDensity, shifted } from "./pixelDistribution.ts";
import {
  createScale,
  initialRawScale,
  type ScaleOptions,
  type ScaleTensors,
  scaleChannels,
  scaleReports,
} from "./scale.ts";

/** The setting `components` of the families that are mixtures; help and tables show it once. */
export const componentsSetting = z.int().min(1).max(30).meta({
  description:
    "K, the components of the mixture; 5 for gaussian-mixture and 1 for discretized-logistic by default",
});

/** `1 component`, `5 components`, for formulas. */
export const countComponents = (K: number) => `${counted(K, "component")}`;

/** The K components of a mixture, from the decoder's outputs. */
export interface Components {
  /** [B, D, K] */
  readonly locations: tf.Tensor;
  /** [B, D, K], or scalars where one scale serves all. */
  readonly scales: ScaleTensors;
}

/** What the components of a mixture are. */
export interface ComponentFamily {
  /** log p_k(x), x [B, D, 1] -> [B, D, K]. */
  logProb(components: Components, x: tf.Tensor): tf.Tensor;
  /** −log p(x) of each value in parts that add up to it, [B, D] -> [B, D]; see `terms` of a likelihood. */
  parts(minusLogProb: tf.Tensor2D, x: tf.Tensor2D, scales: ScaleTensors): ReturnType<Density["terms"]>;
  /** E_k[x], [B, D, K]. */
  mean(components: Components): tf.Tensor;
  /** A number at location 0 and scale 1. */
  draw(random: RandomStream): number;
  /** Of that number. */
  readonly density: SymmetricDensity;
  /** Where x is what a draw is rounded to. [B, D] -> [B, D] */
  round?(draw: tf.Tensor2D): tf.Tensor2D;
  /** The same on the host. */
  roundOnHost?(unrounded: PixelDistribution): PixelDistribution;
}

/**
 * `log p(x) = log Σ_k π_k p_k(x)`, π = softmax(w). The decoder gives K weights w (none for K = 1), K locations and, if
 * the scale is per pixel, K scales for each value, in that order.
 */
export function createMixture(
  K: number,
  family: ComponentFamily,
  options: LocationScaleOptions,
  createVariable: CreateVariable,
): Density {
  const scale = createScale(options, createVariable);
  const mean = meanFunctions[options.mean];
  const groups = channelGroups(K, options);
  /** [B, D, P] -> groups [B, D, K]. The gradient of splitting into one part does not work. */
  const inGroups = (params: tf.Tensor3D) => (groups.length === 1 ? [params] : tf.split(params, groups, 2));
  const split = (params: tf.Tensor3D) => {
    const parts = inGroups(params);
    const [locations, raw] = parts.slice(-1 - scale.channels);
    return {
      weights: K === 1 ? undefined : parts[0],
      locations: mean.apply(locations!),
      scales: scale.of(raw),
    };
  };

  /** log p of each value, [B, D]. */
  const logProbs = ({ weights, ...components }: ReturnType<typeof split>, x: tf.Tensor2D): tf.Tensor2D => {
    const each = family.logProb(components, tf.expandDims(x, 2));
    if (!weights) return tf.squeeze(each, [2]);
    return tf.sub(logSumExp(tf.add(weights, each)), logSumExp(weights));
  };

  return {
    kindOf: "density",
    hasScale: true,
    paramChannels: groups.length * K,
    logProb: (params, x) => tf.sum(logProbs(split(params), x), 1),
    terms(params, x) {
      const parameters = split(params);
      return family.parts(tf.neg(logProbs(parameters, x)), x, parameters.scales);
    },
    mean(params) {
      const { weights, ...components } = split(params);
      const means = family.mean(components);
      return tf.sum(weights ? tf.mul(tf.softmax(weights), means) : means, 2);
    },
    sample(params, random) {
      const { weights, locations, scales } = split(params);
      const [B, D] = params.shape;
      const chosen = weights ? oneHot(drawIndex(weights, random), K) : 1;
      const noise = Float32Array.from({ length: B * D }, () => family.draw(random));
      const all = tf.add(locations, tf.mul(tf.exp(scales.log), tf.tensor3d(noise, [B, D, 1])));
      const draw = tf.sum<tf.Tensor2D>(tf.mul(all, chosen), 2);
      return family.round?.(draw) ?? draw;
    },
    ...scaleReports(scale, (params) => inGroups(params).at(-1)!),
    async onHost() {
      const scaleOf = await scale.onHost();
      return (params, widened = 1) => {
        const group = (index: number) => {
          const members = new Array<number>(K);
          for (let k = 0; k < K; k++) members[k] = params[index * K + k]!;
          return members;
        };
        const locations = groups.length - 1 - scale.channels; // the index of their group
        const weights = K === 1 ? [0] : group(0);
        const raw = group(locations + 1);
        const total = special.logSumExp(weights);
        const mixture = mixed(
          weights.map((w) => w - total),
          group(locations).map((location, k) =>
            shifted(family.density, mean.onHost(location), widened * scaleOf(raw[k])),
          ),
        );
        return family.roundOnHost?.(mixture) ?? mixture;
      };
    },
  };
}

/** The sizes of the groups of decoder outputs. */
const channelGroups = (K: number, { scale }: ScaleOptions) =>
  new Array<number>((K === 1 ? 1 : 2) + scaleChannels(scale)).fill(K);

/** k ~ softmax(logits) by the inverse of the distribution function, [B, D, K] -> [B, D] of whole numbers. */
export function drawIndex(logits: tf.Tensor, random: RandomStream): tf.Tensor2D {
  const [B, D, K] = logits.shape as [number, number, number];
  const u = tf.tensor3d(random.uniforms(B * D), [B, D, 1]);
  const passed = tf.step(tf.sub(u, tf.cumsum(tf.softmax(logits), 2)));
  // Rounded, the probabilities may add up to less than u.
  return tf.clipByValue(tf.sum<tf.Tensor2D>(passed, 2), 0, K - 1);
}

/** [B, D] of whole numbers -> [B, D, K]. By way of integers: on WebAssembly `oneHot` knows no others. */
export const oneHot = (index: tf.Tensor2D, K: number) =>
  tf.cast(tf.oneHot(tf.cast(index, "int32"), K), "float32");

/**
 * Decoder biases [D, P]: equal weights, and locations whose mean is the average image m, spread over m ± ½ min(m, 1−m)
 * because components that start alike learn alike. `locate` turns the mean of a component into its location.
 */
export function initialMixture(
  K: number,
  options: LocationScaleOptions,
  averageImage: Float32Array,
  locate: (mean: number) => number = meanFunctions[options.mean].inverse,
): Float32Array {
  const P = channelGroups(K, options).length * K;
  const firstLocation = K === 1 ? 0 : K;
  const rawScale = initialRawScale(options);
  const biases = new Float32Array(averageImage.length * P);
  averageImage.forEach((m, d) => {
    for (let k = 0; k < K; k++) {
      const offset = K === 1 ? 0 : (2 * k) / (K - 1) - 1; // −1 … 1
      const location = d * P + firstLocation + k;
      biases[location] = locate(m + 0.5 * Math.min(m, 1 - m) * offset);
      if (options.scale === "perPixel") biases[location + K] = rawScale;
    }
  });
  return biases;
}
