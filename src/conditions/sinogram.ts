import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { imageShapeOf } from "../data/field.ts";
import type { RandomStream } from "../tensors/random.ts";
import { defineCondition, linear, observedField } from "./condition.ts";
import { filteredBackProjection } from "./filteredBackProjection.ts";
import { denseMap, imageOf, type LinearMap } from "./linear.ts";
import { poisson } from "./poisson.ts";
import { type Geometry, projectionMatrix } from "./projection.ts";

const schema = z
  .strictObject({
    kind: z.literal("sinogram"),
    angles: z.int().min(1).max(720).default(12).describe("directions from which x is looked through"),
    range: z
      .number()
      .positive()
      .max(180)
      .default(180)
      .describe("degrees over which they are spread, the first at 0; less is a limited angle"),
    detectors: z
      .int()
      .min(2)
      .max(4096)
      .optional()
      .describe("detectors side by side (default: one for each pixel of the image's diagonal)"),
    noiseKind: z
      .enum(["gaussian", "poisson"])
      .default("gaussian")
      .describe("noise of the detectors: Gaussian, or that of counting photons"),
    noiseLevel: z
      .number()
      .min(0)
      .max(10)
      .default(0.01)
      .describe(
        "of Gaussian noise: its deviation as a share of the largest value of the image's sinogram; 0: none",
      ),
    photons: z
      .number()
      .min(1)
      .max(1e9)
      .default(10_000)
      .describe("of Poisson noise: photons that reach a detector with nothing in their way"),
    filter: z
      .enum(["ramp", "hann"])
      .default("ramp")
      .describe("of filtered back-projection, which `vae evaluate` shows beside the model"),
    seed: z.int().min(0).default(0).describe("which noise is drawn"),
  })
  .describe("parallel-beam projections of x, for tomography");

/**
 * The Radon transform of x: y_{θ,t} = ∫ x along the line at angle θ and distance t, in pixels of the image; with noise.
 */
export const sinogram = defineCondition({
  what: "projections",
  schema,
  given: observedField,
  create(config, x) {
    const [H, W, C] = imageShapeOf(x);
    if (C !== 1) {
      throw new VaeError(
        "usage",
        `condition.kind is sinogram, which looks through grey images, and these have ${C} channels. dataset.channels 1 makes them grey.`,
      );
    }
    const { angles, range, filter } = config;
    const detectors = config.detectors ?? diagonalOf(H, W);
    const geometry: Geometry = { H, W, angles, range, detectors };
    const map = denseMap(projectionMatrix(geometry), [H, W, 1]);
    let back: LinearMap | undefined; // of as many numbers as pixels times measurements: training does without
    return {
      ...linear(map, [angles, detectors, 1]),
      observe: (x, random) => measured(map.apply(x), config, geometry, random),
      baseline: {
        name: `filtered back-projection (${filter})`,
        reconstruct(y) {
          back ??= denseMap(filteredBackProjection(geometry, filter), [angles, detectors, 1]);
          return imageOf(back, y);
        },
      },
    };
  },
});

/** Whole pixels that the longest line through an image is long. */
const diagonalOf = (H: number, W: number) => Math.ceil(Math.hypot(H, W));

/** e^−this of the photons come through where all of the longest line is white. */
const LARGEST_ATTENUATION = 4;

function measured(
  projections: Float64Array,
  { noiseKind, noiseLevel, photons }: z.infer<typeof schema>,
  { H, W }: Geometry,
  random: RandomStream,
): Float32Array {
  if (noiseKind === "gaussian") {
    const deviation = noiseLevel * projections.reduce((largest, p) => Math.max(largest, p), 0);
    if (deviation === 0) return Float32Array.from(projections);
    const noise = random.normals(projections.length);
    return Float32Array.from(projections, (p, i) => p + deviation * noise[i]!);
  }
  const perPixel = LARGEST_ATTENUATION / Math.hypot(H, W);
  return Float32Array.from(projections, (p) => {
    const counted = poisson(photons * Math.exp(-perPixel * p), random);
    return Math.log(photons / Math.max(1, counted)) / perPixel; // of none it is only known that it is less than one
  });
}
