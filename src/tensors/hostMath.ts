/** Functions of one number in float64, for constants and for the host's side of the likelihoods. */

import { createRequire } from "node:module";

type Cephes = typeof import("cephes", { with: { "resolution-mode": "require" }});

let loaded: Cephes | undefined;

/** The Cephes library as WebAssembly. Compiling it takes 20 ms, which most commands need not wait for. */
function cephes(): Cephes {
  loaded ??= createRequire(import.meta.url)("cephes") as Cephes;
  return loaded;
}

export const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * A mean moved away from the ends of [0, 1]: keeps the first parameters of a decoder finite where a pixel is always black
 * or white. The bounds of Burda et al. 2016, released code.
 */
export const interior = (mean: number) => Math.min(0.999, Math.max(0.001, mean));

/** log Γ(x), x > 0. */
export const logGamma = (x: number) => cephes().lgam(x);

/** erf(x) = 2/√π ∫₀ˣ exp(−t²) dt. */
export const erf = (x: number) => cephes().erf(x);

/** The x with P(X ≤ x) = p for a standard normal X. */
export const normalQuantile = (p: number) => cephes().ndtri(p);

/** The regularised incomplete beta function I_x(a, b). */
export const incompleteBeta = (a: number, b: number, x: number) => cephes().incbet(a, b, x);

/**
 * log P(X > t) for a standard normal X and t ≥ 0.
 *
 * Beyond t = 20, long before erfc underflows, by the asymptotic series φ(t)/t · (1 − 1/t² + 3/t⁴ − 15/t⁶ + …)
 * (Abramowitz and Stegun 1964, 26.2.12), whose terms fall below the last digit there.
 */
export function logNormalTail(t: number): number {
  if (t < 20) return Math.log(0.5 * cephes().erfc(t * Math.SQRT1_2));
  if (t === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  let term = 1;
  let sum = 1;
  for (let i = 1; i <= 10; i++) {
    term *= -(2 * i - 1) / t / t;
    sum += term;
  }
  return -0.5 * t * t - HALF_LOG_TWO_PI - Math.log(t) + Math.log(sum);
}

/** log(1 − exp(−d)), d ≥ 0; each form where it loses no digits. */
export const log1mExp = (d: number) => (d < Math.LN2 ? Math.log(-Math.expm1(-d)) : Math.log1p(-Math.exp(-d)));

/** log(1 + exp(x)). */
export const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** log(exp(a) + exp(b)). */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** log Σ exp(xs[i]), from `from` up to but without `to`. */
export function logSumExp(xs: ArrayLike<number>, from = 0, to = xs.length): number {
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) high = Math.max(high, xs[i]!);
  if (high === Number.NEGATIVE_INFINITY) return high;
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.exp(xs[i]! - high);
  return high + Math.log(sum);
}

/** log(sinh(y) / y), even in y. */
export function logSinhc(y: number): number {
  const a = Math.abs(y);
  const q = a * a;
  if (a < 0.02) return q * (1 / 6 - q * (1 / 180 - q / 2835)); // the next term is below 1e-18
  return a + log1mExp(2 * a) - Math.log(2 * a);
}

/** coth(y) − 1/y, the derivative of `logSinhc`: Langevin's function, odd, from −1 to 1. */
export function langevin(y: number): number {
  const q = y * y;
  if (Math.abs(y) < 0.02) return y * (1 / 3 - q * (1 / 45 - (2 * q) / 945));
  return 1 / Math.tanh(y) - 1 / y;
}

/** The x in [low, high] with f(x) = y for an increasing f, by bisection to the last digit. */
export function solveIncreasing(f: (x: number) => number, y: number, low: number, high: number): number {
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < y) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
