/** Means over a number of images, in nats per image. */
export interface Terms {
  /** E_q[−log p(x|z)] */
  readonly distortion: number;
  /** KL(q(z|x) ‖ p(z)) */
  readonly rate: number;
}

/**
 * The numbers of a log line. Derived from the terms in one place, so that they always re-add. Where the distortion is
 * a bare loss instead of −log p(x|z), there is no ELBO and there are no bits.
 */
export interface Metrics extends Terms {
  /** distortion + β · rate: what is minimised. */
  readonly loss: number;
  /** −(distortion + rate), whatever β trained the model. */
  readonly elbo?: number;
  /** −elbo / (D · ln 2) */
  readonly bitsPerDim?: number;
}

/** `valuesPerImage` is D = pixels × channels; `kindOf` is the likelihood's. */
export function metricsOf(
  { distortion, rate }: Terms,
  beta: number,
  { kindOf, valuesPerImage }: { kindOf: "density" | "loss"; valuesPerImage: number },
): Metrics {
  const loss = distortion + beta * rate;
  if (kindOf === "loss") return { loss, distortion, rate };
  const elbo = -(distortion + rate);
  return { loss, distortion, rate, elbo, bitsPerDim: -elbo / (valuesPerImage * Math.LN2) };
}

/** A running sum over images; plain data, so that a checkpoint can hold it. */
export interface Totals {
  count: number;
  distortion: number;
  rate: number;
}

export const emptyTotals = (): Totals => ({ count: 0, distortion: 0, rate: 0 });

/** Adds the means of a batch of `count` images: a short last batch weighs what it holds. */
export function addTerms(totals: Totals, terms: Terms, count: number): void {
  totals.count += count;
  totals.distortion += terms.distortion * count;
  totals.rate += terms.rate * count;
}

export const meanTerms = ({ count, distortion, rate }: Totals): Terms => ({
  distortion: distortion / count,
  rate: rate / count,
});
