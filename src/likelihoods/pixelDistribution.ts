import { log1mExp, logAddExp, logSumExp } from "./special.ts";

/** The distribution of one value x in float64, for evaluation: intervals, calibration, other base measures. */
export interface PixelDistribution {
  /** All that x can be, ascending, for a discrete family; absent for a density on an interval. */
  readonly values?: readonly number[];
  readonly mean: number;
  readonly variance: number;
  /** log p(x); −∞ where x cannot be. */
  logProb(x: number): number;
  /** P(X ≤ x). */
  cdf(x: number): number;
  /** log P(a < X ≤ b) for −∞ ≤ a < b ≤ ∞, with all its digits also where the probability itself underflows. */
  logIntervalProb(a: number, b: number): number;
}

/** A density that is symmetric about 0 and has scale 1. */
export interface SymmetricDensity {
  readonly variance: number;
  logProb(t: number): number;
  /** log ∫ p from `from` to `to`, 0 ≤ from < to ≤ ∞. One side is enough, and keeps away from 1 − tiny. */
  logMass(from: number, to: number): number;
}

/** x = location + scale · t with t from `density`. */
export function shifted(density: SymmetricDensity, location: number, scale: number): PixelDistribution {
  const logScale = Math.log(scale);
  return withCdf({
    mean: location,
    variance: density.variance * scale * scale,
    logProb: (x) => density.logProb((x - location) / scale) - logScale,
    logIntervalProb(a, b) {
      const from = (a - location) / scale;
      const to = (b - location) / scale;
      if (!(from < to)) return Number.NEGATIVE_INFINITY;
      if (from >= 0) return density.logMass(from, to);
      if (to <= 0) return density.logMass(-to, -from);
      return logAddExp(density.logMass(0, -from), density.logMass(0, to));
    },
  });
}

/** Σ_k exp(logWeights[k]) · p_k(x). */
export function mixed(logWeights: readonly number[], parts: readonly PixelDistribution[]): PixelDistribution {
  if (parts.length === 1) return parts[0]!;
  const expectation = (f: (part: PixelDistribution) => number) =>
    parts.reduce((sum, part, k) => sum + Math.exp(logWeights[k]!) * f(part), 0);
  const logExpectation = (f: (part: PixelDistribution) => number) =>
    logSumExp(parts.map((part, k) => logWeights[k]! + f(part)));
  const mean = expectation((part) => part.mean);
  return withCdf({
    mean,
    variance: expectation((part) => part.variance + (part.mean - mean) ** 2),
    logProb: (x) => logExpectation((part) => part.logProb(x)),
    logIntervalProb: (a, b) => logExpectation((part) => part.logIntervalProb(a, b)),
  });
}

/** x ∈ {0, 1/(K−1), …, 1} with the given log-probabilities. */
export const onLevels = (logProbs: ArrayLike<number>) =>
  levelled(logProbs.length, (first, last) => logSumExp(logProbs, first, last + 1));

/**
 * x rounded to the nearest of `levels` values 0 … 1; what lies outside counts for the ends. It makes one base measure,
 * counting on K levels, of any density.
 */
export function quantised(continuous: PixelDistribution, levels: number): PixelDistribution {
  const top = levels - 1;
  const lowerEdge = (level: number) => (level === 0 ? Number.NEGATIVE_INFINITY : (level - 0.5) / top);
  const upperEdge = (level: number) => (level === top ? Number.POSITIVE_INFINITY : (level + 0.5) / top);
  return levelled(levels, (first, last) => continuous.logIntervalProb(lowerEdge(first), upperEdge(last)));
}

/** `logBetween(first, last)` is the log-probability of the levels first … last, both included. */
function levelled(count: number, logBetween: (first: number, last: number) => number): PixelDistribution {
  const top = count - 1;
  const ROUNDING = 1e-3; // x may come from float32
  // Moments and values only when asked for: an evaluation makes millions of these for one number each.
  const values = () => Array.from({ length: count }, (_, level) => level / top);
  const moment = (f: (x: number) => number) =>
    values().reduce((sum, x, level) => sum + Math.exp(logBetween(level, level)) * f(x), 0);
  return withCdf({
    get values() {
      return values();
    },
    get mean() {
      return moment((x) => x);
    },
    get variance() {
      const mean = this.mean;
      return moment((x) => (x - mean) ** 2);
    },
    logProb(x) {
      const level = Math.round(x * top);
      const exists = level >= 0 && level <= top && Math.abs(x * top - level) < ROUNDING;
      return exists ? logBetween(level, level) : Number.NEGATIVE_INFINITY;
    },
    logIntervalProb(a, b) {
      const first = Math.max(0, Math.floor(a * top + ROUNDING) + 1);
      const last = Math.min(top, Math.floor(b * top + ROUNDING));
      return first <= last ? logBetween(first, last) : Number.NEGATIVE_INFINITY;
    },
  });
}

/** Adds the distribution function; getters stay getters. */
export function withCdf(distribution: Omit<PixelDistribution, "cdf">): PixelDistribution {
  return Object.assign(distribution, {
    cdf: (x: number) => Math.min(1, Math.exp(distribution.logIntervalProb(Number.NEGATIVE_INFINITY, x))),
  });
}

/**
 * log ∫ p from `from` to `to` by the logarithms of the two tails, `logTail(t)` = log P(T > t), where they differ
 * enough; by a quadrature of p where the interval holds so little of the tail that the difference would be rounding.
 */
export function logMassByTails(
  { logProb, logTail }: { logProb(t: number): number; logTail(t: number): number },
  from: number,
  to: number,
): number {
  const upper = logTail(from);
  const difference = upper - logTail(to);
  if (difference > 0.25) return upper + log1mExp(difference);
  // Gauss and Legendre with five nodes. Over such a stretch log p is nearly straight: relative error below 1e-12.
  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  const reference = logProb(middle);
  const sum = GAUSS_LEGENDRE.reduce(
    (sum, [node, weight]) => sum + weight * Math.exp(logProb(middle + half * node) - reference),
    0,
  );
  return reference + Math.log(half * sum);
}

/** Nodes and weights on [−1, 1] (Abramowitz and Stegun 1964, table 25.4). */
const GAUSS_LEGENDRE = [
  [-0.906179845938664, 0.23692688505618908],
  [-0.5384693101056831, 0.47862867049936647],
  [0, 0.5688888888888889],
  [0.5384693101056831, 0.47862867049936647],
  [0.906179845938664, 0.23692688505618908],
] as const;
