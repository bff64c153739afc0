import type { Standardization } from "../../data/field.ts";
import * as tf from "../../tensors/tf.ts";
import type { Density } from "./likelihood.ts";
import { IntervalDistribution, type PixelDistribution } from "./pixelDistribution.ts";

/**
 * The density of a value y = m + d · u of which u is stored, from that of u: log p(y) = log p(u) − log d. What it says of y, its
 * logarithm, scale, mean and draws, is in the units of y; what it takes are stored values u. Of one value for each example.
 */
export function ofStored(density: Density, standardized: Standardization): Density {
  const [mean, deviation] = [standardized.mean[0]!, standardized.deviation[0]!];
  const logDeviation = Math.log(deviation);
  const inUnits = (u: tf.Tensor2D): tf.Tensor2D => tf.add(tf.mul(u, deviation), mean);
  return {
    ...density,
    logProb: (params, u) => tf.sub(density.logProb(params, u), logDeviation),
    terms(params, u) {
      const terms = density.terms(params, u);
      return { ...terms, constant: tf.add(terms.constant ?? tf.zerosLike(u), logDeviation) };
    },
    mean: (params) => inUnits(density.mean(params)),
    sample: (params, random) => inUnits(density.sample(params, random)),
    ...(density.sigma && { sigma: () => tf.tidy(() => tf.mul(density.sigma!(), deviation)) }),
    async onHost() {
      const ofParams = await density.onHost();
      return (params, widened) => new Rescaled(ofParams(params, widened), mean, deviation);
    },
  };
}

/** y = m + d · u with u from a continuous distribution. */
class Rescaled extends IntervalDistribution {
  readonly #of: PixelDistribution;
  readonly #mean: number;
  readonly #deviation: number;

  constructor(of: PixelDistribution, mean: number, deviation: number) {
    super();
    this.#of = of;
    this.#mean = mean;
    this.#deviation = deviation;
  }

  get mean() {
    return this.#mean + this.#deviation * this.#of.mean;
  }

  get variance() {
    return this.#deviation ** 2 * this.#of.variance;
  }

  logProb(y: number) {
    return this.#of.logProb(this.#stored(y)) - Math.log(this.#deviation);
  }

  logIntervalProb(a: number, b: number) {
    return this.#of.logIntervalProb(this.#stored(a), this.#stored(b));
  }

  #stored(y: number) {
    return (y - this.#mean) / this.#deviation;
  }
}
