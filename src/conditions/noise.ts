import { z } from "zod";
import { imageShapeOf } from "../data/field.ts";
import { defineCondition, imageOfY, observedField } from "./condition.ts";

/** Denoising: y is x and noise. */
export const noise = defineCondition({
  what: "a noisy image",
  schema: z
    .strictObject({
      kind: z.literal("noise"),
      deviation: z
        .number()
        .positive()
        .max(100)
        .default(0.5)
        .describe("standard deviation of the noise, in units of x, which goes from 0 to 1"),
      seed: z.int().min(0).default(0).describe("which noise is drawn"),
    })
    .describe("x with Gaussian noise, for denoising"),
  given: observedField,
  create({ deviation }, x) {
    return {
      field: imageOfY(imageShapeOf(x)),
      observe(x, random) {
        const noise = random.normals(x.length);
        return noise.map((n, i) => x[i]! + deviation * n);
      },
      forward: (x) => x,
      adjoint: (y) => y,
      baseline: { name: "the noisy image", reconstruct: (y) => Float32Array.from(y) },
    };
  },
});
