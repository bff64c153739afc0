import { z } from "zod";

/** The setting `samples` of every objective; help and tables show it once. */
export const samplesSetting = z.int().min(1).max(10_000).meta({
  description: "K, the samples z ~ q(z|x) of each image in a step; 1 by default, 5 for iwae and dreg",
  flag: "samples",
});
