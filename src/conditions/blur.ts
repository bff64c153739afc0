import { z } from "zod";
import { imageShapeOf } from "../data/field.ts";
import { defineCondition, linear, observedField } from "./condition.ts";
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
      ...linear(map, [H, W, C]),
      baseline: { name: "the blurred image", reconstruct: (y) => Float32Array.from(y) },
    };
  },
});
