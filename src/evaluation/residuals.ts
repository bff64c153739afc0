import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import type { Density } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import { HALF_LOG_TWO_PI } from "../tensors/hostMath.ts";
import { CHECKED_IMAGES, decode } from "./calibration.ts";
import {
  type BinnedDensity,
  binOf,
  entropyGap,
  histogramOf,
  middleOf,
  type Shape,
  shapeOf,
} from "./entropy.ts";
import type { Runner } from "./runner.ts";
import { estimateOf } from "./statistics.ts";

/** One grey level: what lies closer together, the data cannot tell apart. */
export const RESOLUTION = 1 / 255;

/** The residuals x − E[x|·] of a model on the first images of a split, all values together, against a Gaussian. */
export interface ResidualNoise extends Shape {
  readonly images: number;
  readonly values: number;
  /** KL(residuals ‖ the Gaussian of the same mean and variance), in nats per value and per image. */
  readonly gapPerValue: number;
  readonly gapPerImage: number;
  /** Over images. */
  readonly gapStandardError: number;
  readonly density: BinnedDensity;
}

export async function residualNoise(
  runner: Runner & { model: Model & { likelihood: Density } },
  set: Split,
  coding: PixelCoding,
): Promise<ResidualNoise> {
  const { likelihood } = runner.model;
  const density = await likelihood.onHost();
  const P = likelihood.paramChannels;
  const { images, x, params } = await decode(runner, set, coding, CHECKED_IMAGES);
  const residuals = Float64Array.from(x, (x, i) => x - density(params.subarray(i * P, (i + 1) * P)).mean);
  return againstGaussian(residuals, images);
}

/** Of residuals [images · D] that are grouped by image. */
export function againstGaussian(residuals: Float64Array, images: number): ResidualNoise {
  const density = histogramOf(residuals, RESOLUTION);
  const shape = shapeOf(density);
  const D = residuals.length / images;
  const gapPerValue = entropyGap(density, residuals.length);
  const gains = new Float64Array(images);
  const first = binOf(middleOf(density, 0), density.width);
  const { mean, standardDeviation: sd } = shape;
  residuals.forEach((residual, i) => {
    const found = density.shares[binOf(residual, density.width) - first]! / density.width;
    const logGaussian = -0.5 * ((residual - mean) / sd) ** 2 - Math.log(sd) - HALF_LOG_TWO_PI;
    gains[Math.floor(i / D)]! += Math.log(found) - logGaussian;
  });
  return {
    images,
    values: residuals.length,
    ...shape,
    gapPerValue,
    gapPerImage: D * gapPerValue,
    gapStandardError: estimateOf(gains).standardError,
    density,
  };
}
