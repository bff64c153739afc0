/** A mean over images with its standard error: the deviation between them over √N, 0 of a single one. */
export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

export function estimateOf(values: ArrayLike<number>): Estimate {
  const N = values.length;
  const mean = meanOf(values);
  let squares = 0;
  for (let i = 0; i < N; i++) squares += (values[i]! - mean) ** 2;
  return { mean, standardError: N > 1 ? Math.sqrt(squares / (N - 1) / N) : 0 };
}

/** The value below which a share of them lies, between two of them in proportion. */
export function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (place - below) * (high - low);
}

/** By how much the `count` largest values raise the mean above that of all others. */
export function raisedBy(values: Float64Array, count: number): number {
  const others = values.toSorted().subarray(0, Math.max(1, values.length - count));
  return meanOf(values) - meanOf(others);
}
