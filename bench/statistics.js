/** The q-quantile, linear between the two nearest values. */
export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

export const median = (values) => quantile(values, 0.5);

/** Over all steps of all rounds: the median, and the 10th and 90th percentile. */
export function summarise(rounds) {
  const all = rounds.flat();
  return { median: median(all), low: quantile(all, 0.1), high: quantile(all, 0.9) };
}

/**
 * How long one engine takes as a multiple of another: the median over the rounds of the quotient of their medians. The
 * two sides of a quotient ran within seconds of each other, so a machine that slows down changes it little.
 */
export const ratio = (rounds, others) =>
  median(rounds.map((times, round) => median(times) / median(others[round])));

/**
 * The same from the fastest tenth of each engine's steps: nearer to a quiet machine where others take the processor
 * away now and then, which costs engines that let threads wait for each other more than their share.
 */
export const undisturbedRatio = (rounds, others) =>
  quantile(rounds.flat(), 0.1) / quantile(others.flat(), 0.1);
