import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { Terms } from "../model/model.ts";
import * as tf from "../tensors/tf.ts";
import { elboParts, type ObjectiveFamily, overSamples, type Quantity } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({
    kind: z.literal("freeBits"),
    samples: samplesSetting.default(1),
    lambda: z
      .number()
      .min(0)
      .default(0.25)
      .describe("λ, the nats of rate that each dimension of z, or each group of them, has for nothing"),
    groupSize: z
      .int()
      .min(1)
      .default(1)
      .describe("dimensions of z, one after the other, that share λ; divides model.latentDim"),
  })
  .describe("evidence lower bound with λ nats of rate free for each dimension of z");

const freeRate = (lambda: number): Quantity => ({
  name: "freeRate",
  title: "Free-bits rate",
  formula: `Σ{sub|j} max(${lambda}, E[KL{sub|j}])`,
  isPartOfElbo: false,
});

/**
 * loss = distortion + Σ_j max(λ, E_batch[KL_j]), KL_j the rate of a dimension of z or of a group of them (Kingma et al. 2016,
 * "Improving variational inference with inverse autoregressive flow", eq. 15). Where the mean of a group over the batch is
 * below λ, its rate has no gradient: nothing is gained by letting that part of z collapse.
 *
 * The mean is over the batch at hand, in an evaluation as in training.
 */
export const freeBits: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples, lambda, groupSize }) => ({
    kind: "freeBits",
    samples,
    quantities: [freeRate(lambda), distortion, rate],
    controls: {},
    loss: [{ quantity: "distortion" }, { quantity: "freeRate" }],
    bound: "≥ −ELBO",
    meaning:
      `Each ${groupSize === 1 ? "dimension of z" : `group of ${groupSize} dimensions of z`} costs its mean rate over the batch, and at ` +
      `least λ = ${lambda} nats. So the loss is never below −ELBO: a bound on −log p(x), looser by what is paid for rates under λ.`,
    perExample: (terms) => [ratesFrom(lambda, groupSize, terms), ...elboParts(terms)],
    check({ rateDimensions: d }) {
      if (d === undefined) {
        throw new VaeError(
          "usage",
          "objective.kind is freeBits, which needs the rate of each dimension of z, and with this prior and posterior the rate has no " +
            "closed form that tells them apart. It takes model.prior.kind standardNormal with model.posterior.kind diagonalGaussian.",
        );
      }
      if (d % groupSize === 0) return;
      const divisors = Array.from({ length: d }, (_, i) => i + 1).filter((size) => d % size === 0);
      throw new VaeError(
        "usage",
        `objective.groupSize is ${groupSize}, which does not divide model.latentDim, ${d}. It accepts ${divisors.join(", ")}.`,
      );
    },
  }),
};

/**
 * Σ_j of what each group costs an example, [B]: its rate if the mean of the group is above λ, and λ if not. The mean of
 * these over the batch is Σ_j max(λ, E[KL_j]), and so is its gradient.
 */
function ratesFrom(lambda: number, groupSize: number, terms: Terms): tf.Tensor1D {
  const perDimension = terms.ratePerDimension!();
  const [N, d] = perDimension.shape;
  const groups = d / groupSize;
  const ofGroups =
    groupSize === 1 ? perDimension : tf.sum<tf.Tensor2D>(tf.reshape(perDimension, [N, groups, groupSize]), 2);
  const above = tf.sub(ofGroups, lambda);
  const counts = tf.step(tf.mean(above, 0)); // [groups], 1 or 0; it has no gradient
  return overSamples(terms, tf.add(tf.sum(tf.mul(above, counts), 1), groups * lambda));
}
