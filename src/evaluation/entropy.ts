/** A density that is constant on bins of equal width; what a histogram of so many values estimates. */
export interface BinnedDensity {
  /** The left end of the first bin, and the width of each. */
  readonly start: number;
  readonly width: number;
  /** Probabilities of the bins, which add up to 1. */
  readonly shares: Float64Array;
}

/** The bin of a value: bin 0 has its middle at 0, so that many values near 0 are in one. */
export const binOf = (value: number, width: number) => Math.round(value / width);

/** A histogram of values with bins of this width. */
export function histogramOf(values: Float64Array, width: number): BinnedDensity {
  const bins = Int32Array.from(values, (value) => binOf(value, width));
  let [first, last] = [bins[0]!, bins[0]!];
  for (const bin of bins) {
    first = Math.min(first, bin);
    last = Math.max(last, bin);
  }
  const shares = new Float64Array(last - first + 1);
  for (const bin of bins) shares[bin - first]!++;
  return { start: (first - 0.5) * width, width, shares: shares.map((count) => count / values.length) };
}

export interface Shape {
  readonly mean: number;
  readonly standardDeviation: number;
  readonly skewness: number;
  /** Kurtosis less the Gaussian's 3. */
  readonly excessKurtosis: number;
}

/** Moments of the bins' middles; the variance with that within a bin, width² / 12. */
export function shapeOf(density: BinnedDensity): Shape {
  const mean = momentAbout(density, 0, 1);
  const central = (power: number) => momentAbout(density, mean, power);
  const variance = central(2);
  return {
    mean,
    standardDeviation: Math.sqrt(variance + density.width ** 2 / 12),
    skewness: central(3) / variance ** 1.5,
    excessKurtosis: central(4) / variance ** 2 - 3,
  };
}

const momentAbout = (density: BinnedDensity, about: number, power: number) =>
  density.shares.reduce((sum, share, i) => sum + share * (middleOf(density, i) - about) ** power, 0);

export const middleOf = ({ start, width }: BinnedDensity, bin: number) => start + (bin + 0.5) * width;

/**
 * Differential entropy in nats: −Σ p log(p / width). Of a histogram of `count` values with the correction of Miller and
 * Madow, (bins that hold a value − 1) / 2 count, for the plug-in estimate is too low by about that. A bin is the resolution:
 * what is finer, as values that repeat, does not count.
 */
export function entropyOf({ shares, width }: BinnedDensity, count = Number.POSITIVE_INFINITY): number {
  let sum = Math.log(width);
  let held = 0;
  for (const share of shares) {
    if (share <= 0) continue;
    sum -= share * Math.log(share);
    held++;
  }
  return sum + (held - 1) / (2 * count);
}

/** ½ log 2πeσ²: the most that a density of this variance can have, and only the Gaussian has it. */
export const gaussianEntropy = (standardDeviation: number) =>
  0.5 * Math.log(2 * Math.PI * Math.E * standardDeviation ** 2);

/** KL(p ‖ the Gaussian of the same mean and variance) in nats, which is the difference of their entropies. */
export const entropyGap = (density: BinnedDensity, count?: number): number =>
  gaussianEntropy(shapeOf(density).standardDeviation) - entropyOf(density, count);
