import { log1mExp, logAddExp, logSumExp } from "../../tensors/hostMath.ts";

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

/**
 * The distribution function follows from the interval. These are classes, and what they can they compute when it is
 * asked for: an evaluation makes millions of them for one number each.
 */
export abstract class IntervalDistribution implements PixelDistribution {
  abstract get mean(): number;
  abstract get variance(): number;
  abstract logProb(x: number): number;
  abstract logIntervalProb(a: number, b: number): number;

  cdf(x: number): number {
    return Math.min(1, Math.exp(this.logIntervalProb(Number.NEGATIVE_INFINITY, x)));
  }
}

/** A density that is symmetric about 0 and has scale 1. */
export interface SymmetricDensity {
  readonly variance: number;
  logProb(t: number): number;
  /** log ∫ p from `from` to `to`, 0 ≤ from < to ≤ ∞. One side is enough, and keeps away from 1 − tiny. */
  logMass(from: number, to: number): number;
}

/** x = location + scale · t with t from `density`. */
export const shifted = (density: SymmetricDensity, location: number, scale: number): PixelDistribution =>
  new Shifted(density, location, scale);

class Shifted extends IntervalDistribution {
  readonly #density: SymmetricDensity;
  readonly #scale: number;
  readonly mean: number;

  constructor(density: SymmetricDensity, location: number, scale: number) {
    super();
    this.#density = density;
    this.#scale = scale;
    this.mean = location;
  }

  get variance() {
    return this.#density.variance * this.#scale * this.#scale;
  }

  logProb(x: number) {
    return this.#density.logProb((x - this.mean) / this.#scale) - Math.log(this.#scale);
  }

  logIntervalProb(a: number, b: number) {
    const density = this.#density;
    const from = (a - this.mean) / this.#scale;
    const to = (b - this.mean) / this.#scale;
    if (!(from < to)) return Number.NEGATIVE_INFINITY;
    if (from >= 0) return density.logMass(from, to);
    if (to <= 0) return density.logMass(-to, -from);
    return logAddExp(density.logMass(0, -from), density.logMass(0, to));
  }
}

/** Σ_k exp(logWeights[k]) · p_k(x). */
export const mixed = (
  logWeights: readonly number[],
  parts: readonly PixelDistribution[],
): PixelDistribution => (parts.length === 1 ? parts[0]! : new Mixed(logWeights, parts));

class Mixed extends IntervalDistribution {
  readonly #logWeights: readonly number[];
  readonly #parts: readonly PixelDistribution[];

  constructor(logWeights: readonly number[], parts: readonly PixelDistribution[]) {
    super();
    this.#logWeights = logWeights;
    this.#parts = parts;
  }

  get mean() {
    return this.#expectation((part) => part.mean);
  }

  get variance() {
    const { mean } = this;
    return this.#expectation((part) => part.variance + (part.mean - mean) ** 2);
  }

  logProb(x: number) {
    let sum = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < this.#parts.length; k++) {
      sum = logAddExp(sum, this.#logWeights[k]! + this.#parts[k]!.logProb(x));
    }
    return sum;
  }

  logIntervalProb(a: number, b: number) {
    let sum = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < this.#parts.length; k++) {
      sum = logAddExp(sum, this.#logWeights[k]! + this.#parts[k]!.logIntervalProb(a, b));
    }
    return sum;
  }

  #expectation(f: (part: PixelDistribution) => number): number {
    return this.#parts.reduce((sum, part, k) => sum + Math.exp(this.#logWeights[k]!) * f(part), 0);
  }
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
const levelled = (
  count: number,
  logBetween: (first: number, last: number) => number,
): PixelDistribution & { readonly values: readonly number[] } => new Levelled(count, logBetween);

/** x may come from float32. */
const ROUNDING = 1e-3;

class Levelled extends IntervalDistribution {
  readonly #top: number;
  readonly #logBetween: (first: number, last: number) => number;

  constructor(count: number, logBetween: (first: number, last: number) => number) {
    super();
    this.#top = count - 1;
    this.#logBetween = logBetween;
  }

  get values(): readonly number[] {
    return Array.from({ length: this.#top + 1 }, (_, level) => level / this.#top);
  }

  get mean() {
    return this.#moment((x) => x);
  }

  get variance() {
    const { mean } = this;
    return this.#moment((x) => (x - mean) ** 2);
  }

  logProb(x: number) {
    const level = Math.round(x * this.#top);
    const exists = level >= 0 && level <= this.#top && Math.abs(x * this.#top - level) < ROUNDING;
    return exists ? this.#logBetween(level, level) : Number.NEGATIVE_INFINITY;
  }

  logIntervalProb(a: number, b: number) {
    const first = Math.max(0, Math.floor(a * this.#top + ROUNDING) + 1);
    const last = Math.min(this.#top, Math.floor(b * this.#top + ROUNDING));
    return first <= last ? this.#logBetween(first, last) : Number.NEGATIVE_INFINITY;
  }

  #moment(f: (x: number) => number): number {
    let sum = 0;
    for (let level = 0; level <= this.#top; level++) {
      sum += Math.exp(this.#logBetween(level, level)) * f(level / this.#top);
    }
    return sum;
  }
}

/**
 * log ∫ p from `from` to `to`: by a quadrature of p where the interval is so narrow that log p is nearly straight on it,
 * as a pixel's bin is; otherwise by the logarithms of the two tails, `logTail(t)` = log P(T > t). Relative error below
 * 1e-12 either way, and no erfc for most pixels.
 */
export function logMassByTails(
  { logProb, logTail }: { logProb(t: number): number; logTail(t: number): number },
  from: number,
  to: number,
): number {
  if (to - from < 0.5 && logProb(from) - logProb(to) < 0.5) return logMassByQuadrature(logProb, from, to);
  const upper = logTail(from);
  return upper + log1mExp(upper - logTail(to));
}

/** Gauss and Legendre with five nodes. */
function logMassByQuadrature(logProb: (t: number) => number, from: number, to: number): number {
  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  const reference = logProb(middle);
  let sum = 0;
  for (const [node, weight] of GAUSS_LEGENDRE)
    sum += weight * Math.exp(logProb(middle + half * node) - reference);
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
