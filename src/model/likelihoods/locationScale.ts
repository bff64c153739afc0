import type { CreateVariable } from "../../tensors/parameters.ts";
import type { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import type { Density } from "./likelihood.ts";
import { type MeanConfig, meanFunctions } from "./meanFunction.ts";
import { type SymmetricDensity, shifted } from "./pixelDistribution.ts";
import {
  createScale,
  initialRawScale,
  type ScaleOptions,
  type ScaleTensors,
  scaleChannels,
  scaleReports,
} from "./scale.ts";

/** A density p(t) that is symmetric about 0, with −log p(t) = weight · energy(t) + logNormaliser. */
export interface StandardDensity extends SymmetricDensity {
  /** For each element of t. */
  energy(t: tf.Tensor2D): tf.Tensor2D;
  readonly weight: number;
  /** n where energy(c·t) = cⁿ · energy(t) for c > 0: one scale may then be applied to the sum over all values. */
  readonly degree?: number;
  readonly logNormaliser: number;
  draw(random: RandomStream): number;
}

export interface LocationScaleOptions extends ScaleOptions {
  readonly mean: MeanConfig;
}

/**
 * x = location + scale · t with t ~ p: `log p(x) = −weight · energy((x − location) / scale) − log scale − logNormaliser`.
 * The decoder gives the location and, if the scale is to be per pixel, that too.
 */
export function locationScale(
  density: StandardDensity,
  options: LocationScaleOptions,
  createVariable: CreateVariable,
): Density {
  const { energy, weight, degree, logNormaliser, draw } = density;
  const scale = createScale(options, createVariable);
  const mean = meanFunctions[options.mean];

  const split = (params: tf.Tensor3D) => {
    const [location, raw] = outputs(params);
    return { location: mean.apply(location), scales: scale.of(raw) };
  };
  /** Σ_d log p, x − location [B, D] -> [B]. */
  const logProb = (residual: tf.Tensor2D, { log, inverse }: ScaleTensors): tf.Tensor => {
    const D = residual.shape[1];
    if (log.rank > 0) {
      const energies = energy(tf.mul(residual, inverse));
      const perValue = tf.add(weight === 1 ? energies : tf.mul(energies, weight), log);
      return tf.sub(-D * logNormaliser, tf.sum(perValue, 1));
    }
    const constant = tf.mul(tf.add(log, logNormaliser), D);
    if (degree === undefined) {
      return tf.sub(tf.mul(tf.sum(energy(tf.mul(residual, inverse)), 1), -weight), constant);
    }
    const factor = tf.mul(tf.exp(tf.mul(log, -degree)), -weight);
    return tf.sub(tf.mul(tf.sum(energy(residual), 1), factor), constant);
  };

  return {
    kindOf: "density",
    hasScale: true,
    paramChannels: 1 + scale.channels,
    logProb(params, x) {
      const { location, scales } = split(params);
      return logProb(tf.sub(x, location), scales) as tf.Tensor1D;
    },
    terms(params, x) {
      const { location, scales } = split(params);
      const t = tf.mul<tf.Tensor2D>(tf.sub(x, location), scales.inverse);
      return {
        error: tf.mul(energy(t), weight),
        logScale: tf.add(tf.zerosLike(t), scales.log),
        constant: tf.fill(t.shape, logNormaliser),
      };
    },
    mean: (params) => mean.apply(outputs(params)[0]),
    sample(params, random) {
      const { location, scales } = split(params);
      const noise = Float32Array.from({ length: location.size }, () => draw(random));
      return tf.add(location, tf.mul(tf.tensor2d(noise, location.shape), tf.exp(scales.log)));
    },
    ...scaleReports(scale, (params) => outputs(params)[1]),
    async onHost() {
      const scaleOf = await scale.onHost();
      return (params, widened = 1) => shifted(density, mean.onHost(params[0]!), widened * scaleOf(params[1]));
    },
  };
}

/** [B, D, P] -> P tensors [B, D]. */
const outputs = (params: tf.Tensor3D) =>
  (params.shape[2] === 1 ? [tf.squeeze(params, [2])] : tf.unstack(params, 2)) as [tf.Tensor2D, tf.Tensor2D?];

/** Decoder biases [D, P]: for the average image, and for the initial scale. */
export function initialLocationScale(
  options: LocationScaleOptions,
  averageImage: Float32Array,
): Float32Array {
  const locations = averageImage.map(meanFunctions[options.mean].inverse);
  if (scaleChannels(options.scale) === 0) return locations;
  const rawScale = initialRawScale(options);
  return Float32Array.from({ length: 2 * locations.length }, (_, i) =>
    i % 2 === 0 ? locations[i >> 1]! : rawScale,
  );
}
