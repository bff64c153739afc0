import { z } from "zod";
import { fits, type Target } from "./resize.ts";

/** Settings of the size that images are to have. */
export const fitSettings = {
  size: z
    .union([z.int().min(1).max(4096), z.tuple([z.int().min(1).max(4096), z.int().min(1).max(4096)])])
    .optional()
    .describe("resize the images to this height and width, or [height, width]"),
  fit: z
    .enum(fits)
    .default("crop")
    .describe(
      "where size has another shape than the image: crop (its middle), pad (with black) or stretch (out of shape)",
    ),
};

export interface FitSettings {
  readonly size?: number | readonly [height: number, width: number] | undefined;
  readonly fit?: Target["fit"] | undefined;
}

/** The size that is asked for, if one is. */
export function targetOf({ size, fit = "crop" }: FitSettings): Target | undefined {
  if (size === undefined) return undefined;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return { height, width, fit };
}
