import { z } from "zod";
import { imageShapeOf } from "../data/field.ts";
import type { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { defineCondition, imageOfY, observedField } from "./condition.ts";

/** Inpainting: some pixels of x are hidden. y has the visible ones, 0 elsewhere, and as a last channel 1 where x is visible. */
export const mask = defineCondition({
  what: "the visible part",
  schema: z
    .strictObject({
      kind: z.literal("mask"),
      hides: z
        .enum(["half", "box", "random"])
        .default("half")
        .describe("the right half, a square box somewhere in the image, or single pixels anywhere"),
      share: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.25)
        .describe("how much of the image a box, or single pixels, hide"),
      seed: z.int().min(0).default(0).describe("which boxes and pixels are hidden"),
    })
    .describe("x with a part hidden, for inpainting"),
  given: observedField,
  create({ hides, share }, x) {
    const [H, W, C] = imageShapeOf(x);
    const visible: Record<typeof hides, (random: RandomStream) => (row: number, column: number) => boolean> =
      {
        half: () => (_, column) => column < W / 2,
        box(random) {
          const [h, w] = [H, W].map((n) => Math.max(1, Math.round(n * Math.sqrt(share)))) as [number, number];
          const top = Math.floor(random.uniform() * (H - h + 1));
          const left = Math.floor(random.uniform() * (W - w + 1));
          return (row, column) => row < top || row >= top + h || column < left || column >= left + w;
        },
        random: (random) => () => random.uniform() >= share,
      };
    const split = (y: tf.Tensor2D) => {
      const [seen, isVisible] = tf.split(tf.reshape(y, [-1, H * W, C + 1]), [C, 1], 2) as [
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      return { seen, isVisible };
    };
    return {
      field: imageOfY([H, W, C + 1]),
      observe(x, random) {
        const isVisible = visible[hides](random);
        const y = new Float32Array(H * W * (C + 1));
        for (let i = 0; i < H * W; i++) {
          if (!isVisible(Math.floor(i / W), i % W)) continue;
          for (let c = 0; c < C; c++) y[i * (C + 1) + c] = x[i * C + c]!;
          y[i * (C + 1) + C] = 1;
        }
        return y;
      },
      forward(x, y) {
        const { isVisible } = split(y);
        const seen = tf.mul(tf.reshape(x, [-1, H * W, C]), isVisible);
        return tf.reshape(tf.concat([seen, isVisible], 2), [-1, H * W * (C + 1)]);
      },
      adjoint(y) {
        const { seen, isVisible } = split(y);
        return tf.reshape(tf.mul(seen, isVisible), [-1, H * W * C]);
      },
      baseline: { name: "the mean of what is visible", reconstruct: (y) => filled(y, H * W, C) },
    };
  },
});

/** Hidden pixels as the mean of the visible ones of the same image and channel. */
function filled(y: ArrayLike<number>, pixels: number, C: number): Float32Array {
  const x = new Float32Array(pixels * C);
  for (let c = 0; c < C; c++) {
    let [sum, seen] = [0, 0];
    for (let i = 0; i < pixels; i++) {
      sum += y[i * (C + 1) + c]!;
      seen += y[i * (C + 1) + C]!;
    }
    for (let i = 0; i < pixels; i++) {
      x[i * C + c] = y[i * (C + 1) + C] === 1 ? y[i * (C + 1) + c]! : seen > 0 ? sum / seen : 0;
    }
  }
  return x;
}
