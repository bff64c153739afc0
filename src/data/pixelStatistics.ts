import type { Column } from "./dataset.ts";

export interface PixelStatistics {
  /** Of the pixels as fractions of white. */
  readonly mean: number;
  readonly std: number;
  /** Shares of the pixels that are exactly black and exactly white. */
  readonly shareBlack: number;
  readonly shareWhite: number;
  /** Every pixel is black or white. */
  readonly isBinary: boolean;
  /** Shares of the pixels in 16 bins of levels: of bytes 0-15, 16-31, … 240-255. */
  readonly histogram: readonly number[];
}

/** Of the levels 0 … `white` of images. */
export function pixelStatistics(pixels: Column, white = 255): PixelStatistics {
  const counts = new Float64Array(white + 1);
  for (const level of pixels) counts[level]!++;
  const share = (level: number) => counts[level]! / pixels.length;
  let mean = 0;
  for (let level = 0; level <= white; level++) mean += (level / white) * share(level);
  let variance = 0;
  for (let level = 0; level <= white; level++) variance += (level / white - mean) ** 2 * share(level);
  const histogram = new Array<number>(16).fill(0);
  for (let level = 0; level <= white; level++) {
    histogram[Math.floor((16 * level) / (white + 1))]! += share(level);
  }
  return {
    mean,
    std: Math.sqrt(variance),
    shareBlack: share(0),
    shareWhite: share(white),
    isBinary: counts[0]! + counts[white]! === pixels.length,
    histogram,
  };
}

/** How many examples each class has, by label; empty without labels. */
export function labelCounts(labels: ArrayLike<number> = [], classCount = 0): number[] {
  const counts: number[] = Array.from({ length: classCount }, () => 0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    while (counts.length <= label) counts.push(0);
    counts[label]!++;
  }
  return counts;
}
