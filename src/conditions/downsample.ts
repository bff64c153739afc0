import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { imageShapeOf } from "../data/field.ts";
import { defineCondition, linear, observedField } from "./condition.ts";
import { imageOf, separableMap } from "./linear.ts";
import { bicubic, blockMeans } from "./resample.ts";

/** Super-resolution: y is a smaller image of x. */
export const downsample = defineCondition({
  what: "a smaller image",
  schema: z
    .strictObject({
      kind: z.literal("downsample"),
      factor: z
        .int()
        .min(2)
        .max(64)
        .default(4)
        .describe("how many times smaller y is than x, in height and in width"),
      filter: z
        .enum(["box", "bicubic"])
        .default("box")
        .describe("how a smaller image is made: means of blocks, or a bicubic kernel as wide as they are"),
    })
    .describe("a smaller image of x, for super-resolution"),
  given: observedField,
  create({ factor, filter }, x) {
    const [H, W, C] = imageShapeOf(x);
    if (H % factor !== 0 || W % factor !== 0) {
      const common = Array.from({ length: Math.min(H, W) - 1 }, (_, i) => i + 2).filter(
        (f) => H % f === 0 && W % f === 0,
      );
      throw new VaeError(
        "usage",
        `condition.factor is ${factor}, and images of ${H}x${W} are not a whole number of blocks of ${factor}x${factor}. ` +
          (common.length > 0
            ? `It takes ${common.join(", ")} for them.`
            : "These images cannot be made smaller so."),
      );
    }
    const [h, w] = [H / factor, W / factor];
    const down = filter === "box" ? blockMeans : (n: number, f: number) => bicubic(n, n / f);
    const map = separableMap(down(H, factor), down(W, factor), [H, W, C]);
    const up = separableMap(bicubic(h, H), bicubic(w, W), [h, w, C]);
    return {
      ...linear(map, [h, w, C]),
      baseline: { name: "bicubic interpolation", reconstruct: (y) => imageOf(up, y) },
    };
  },
});
