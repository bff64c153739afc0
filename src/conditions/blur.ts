import { z } from "zod";
import { imageShapeOf } from "../data/field.ts";
import { defineCondition, observedField } from "./condition.ts";
import { separableMap } from "./linear.ts";
import { gaussianBlur } from "./resample.ts";

/** Deblurring: y is x through a Gaussian. */
export const blur = defineCondition({
  what: "a blurred image",
  schema: z
    .strictObject({
      kind: z.literal("blur"),
      radius: z
        .number()
        .positive()
        .max(100)
        .default(1.5)
        .describe("the blur's standard deviation, in pixels"),
    })
    .describe("x through a Gaussian blur"),
  given: observedField,
  create({ radius }, x) {
    const [H, W, C] = imageShapeOf(x);
    const map = separableMap(gaussianBlur(H, radius), gaussianBlur(W, radius), [H, W, C]);
    return {
      field: { name: "y", kind: "real", shape: [H, W, C], show: "image" },
      observe: (x) => Float32Array.from(map.apply(x)),
      forward: map.forward,
      adjoint: map.adjoint,
      baseline: { name: "the blurred image", reconstruct: (y) => Float32Array.from(y) },
    };
  },
});
