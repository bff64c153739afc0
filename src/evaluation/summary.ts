import type { ImageSet } from "../data/dataset.ts";
import type { Vae } from "../model.ts";
import type { PixelCoding } from "../pixels.ts";
import { estimateElbo } from "./bounds.ts";

export type SplitName = "train" | "validation" | "test";

/** The numbers of a split, in nats per image; the same keys in `summary.json` and from `vae evaluate --json`. */
export interface SplitSummary {
  readonly split: SplitName;
  readonly count: number;
  readonly elbo: number;
  readonly distortion: number;
  readonly rate: number;
  readonly bitsPerDim: number;
}

/** How the numbers of a summary come about. */
export const PROTOCOL =
  "one z ~ q(z|x) per image with noise fixed by the image's place in its split; random pixel codings frozen the same " +
  "way; every image counted once; elbo = -(distortion + rate), that is beta = 1";

export async function summarise(
  vae: Vae,
  split: SplitName,
  set: ImageSet,
  coding: PixelCoding,
): Promise<SplitSummary> {
  const { count, distortion, rate } = await estimateElbo(vae, set, coding);
  const D = set.pixels.length / set.count;
  const elbo = -(distortion + rate);
  return { split, count, elbo, distortion, rate, bitsPerDim: -elbo / (D * Math.LN2) };
}
