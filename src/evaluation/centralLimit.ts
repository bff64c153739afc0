import { erf } from "../tensors/hostMath.ts";
import { type BinnedDensity, entropyGap, middleOf, shapeOf } from "./entropy.ts";

/** How far the standardised sum of n independent disturbances is from N(0, 1). */
export interface SumOfDisturbances {
  readonly n: number;
  /** KL(sum ‖ N(0, 1)) in nats: the entropy that the Gaussian has and the sum lacks. */
  readonly gap: number;
  /** sup |F − Φ| */
  readonly kolmogorov: number;
  /** The density of the standardised sum at the middles of its bins, within ±`SHOWN`. */
  readonly curve: readonly (readonly [x: number, density: number])[];
}

export const COUNTS = [1, 2, 5, 30];
/** In standard deviations. */
export const SHOWN = 4;

/** Bins in half the width of the uniform, and in a unit of the others: errors of order width² are below what is of interest. */
const BINS = { uniform: 64, others: 32 };
/** What a tail may lose. */
const NEGLIGIBLE = 1e-12;

/** Disturbances by name, from their distribution functions: each bin has its exact probability. */
export const disturbances: Readonly<Record<"uniform" | "exponential" | "Laplace", BinnedDensity>> = {
  uniform: binned((x) => Math.min(1, Math.max(0, x / 2)), 0, 2, BINS.uniform),
  exponential: binned((x) => (x <= 0 ? 0 : 1 - Math.exp(-x)), 0, 24, BINS.others),
  Laplace: binned((x) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2), -24, 24, BINS.others),
};

function binned(cdf: (x: number) => number, from: number, to: number, perUnit: number): BinnedDensity {
  const width = 1 / perUnit;
  const shares = Float64Array.from({ length: (to - from) * perUnit }, (_, i) => {
    const x = from + i * width;
    return cdf(x + width) - cdf(x);
  });
  return { start: from, width, shares };
}

/** The sums of `counts` independent draws from a density, by convolution: exact up to the width of the bins. */
export function sumsOf(density: BinnedDensity, counts: readonly number[] = COUNTS): SumOfDisturbances[] {
  return counts.map((n) => {
    const sum = power(density, n);
    const { mean, standardDeviation } = shapeOf(sum);
    const standardised = (x: number) => (x - mean) / standardDeviation;
    let below = 0;
    let kolmogorov = normalCdf(standardised(sum.start));
    const curve: [number, number][] = [];
    sum.shares.forEach((share, i) => {
      below += share;
      const edge = standardised(sum.start + (i + 1) * sum.width);
      kolmogorov = Math.max(kolmogorov, Math.abs(below - normalCdf(edge)));
      const x = standardised(middleOf(sum, i));
      if (Math.abs(x) <= SHOWN) curve.push([x, (share / sum.width) * standardDeviation]);
    });
    return { n, gap: entropyGap(sum), kolmogorov, curve };
  });
}

const normalCdf = (x: number) => 0.5 * (1 + erf(x * Math.SQRT1_2));

/** The density of a sum of n, by squaring. */
function power(density: BinnedDensity, n: number): BinnedDensity {
  if (n === 1) return density;
  const half = power(density, Math.floor(n / 2));
  const even = convolved(half, half);
  return n % 2 === 0 ? even : convolved(even, density);
}

/** Of X + Y: a sum of two middles is a middle of a bin that lies half a bin further. */
function convolved(a: BinnedDensity, b: BinnedDensity): BinnedDensity {
  const shares = new Float64Array(a.shares.length + b.shares.length - 1);
  a.shares.forEach((share, i) => {
    if (share === 0) return;
    for (let j = 0; j < b.shares.length; j++) shares[i + j]! += share * b.shares[j]!;
  });
  return withoutTails({ start: a.start + b.start + a.width / 2, width: a.width, shares });
}

function withoutTails({ start, width, shares }: BinnedDensity): BinnedDensity {
  let [first, last] = [0, shares.length];
  for (let lost = shares[first]!; lost < NEGLIGIBLE; lost += shares[first]!) first++;
  for (let lost = shares[last - 1]!; lost < NEGLIGIBLE; lost += shares[last - 1]!) last--;
  return { start: start + first * width, width, shares: shares.subarray(first, last) };
}
