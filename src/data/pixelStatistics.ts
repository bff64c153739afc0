import type { Column } from "./dataset.ts";

export interface PixelStatistics {
  /** Of the pixels as fractions of 255. */
  readonly mean: number;
  readonly std: number;
  /** Shares of the pixels that are exactly 0 and exactly 255. */
  readonly shareBlack: number;
  readonly shareWhite: number;
  /** Every pixel is 0 or 255. */
  readonly isBinary: boolean;
  /** Shares of the pixels with levels 0-15, 16-31, … 240-255. */
  readonly histogram: readonly number[];
}

/** Of the bytes of images. */
export function pixelStatistics(pixels: Column): PixelStatistics {
  const counts = new Float64Array(256);
  for (const level of pixels) counts[level]!++;
  const share = (level: number) => counts[level]! / pixels.length;
  let mean = 0;
  for (let level = 0; level < 256; level++) mean += (level / 255) * share(level);
  let variance = 0;
  for (let level = 0; level < 256; level++) variance += (level / 255 - mean) ** 2 * share(level);
  const histogram = Array.from({ length: 16 }, (_, bin) => {
    let sum = 0;
    for (let level = 16 * bin; level < 16 * (bin + 1); level++) sum += share(level);
    return sum;
  });
  return {
    mean,
    std: Math.sqrt(variance),
    shareBlack: share(0),
    shareWhite: share(255),
    isBinary: counts[0]! + counts[255]! === pixels.length,
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
