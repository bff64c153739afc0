import { z } from "zod";
import { constant, ramp } from "./controls.ts";
import { elboParts, type ObjectiveFamily } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({
    kind: z.literal("capacity"),
    samples: samplesSetting.default(1),
    gamma: z.number().min(0).default(100).describe("γ, the weight of the distance between rate and capacity"),
    capacity: z.number().min(0).default(25).describe("C in nats, the rate that is aimed at"),
    capacityEpochs: z
      .number()
      .min(0)
      .default(0)
      .describe("epochs over which C rises linearly from 0; 0: it is there from the start"),
  })
  .describe("distortion at a rate that is aimed at");

/**
 * loss = distortion + γ · |rate − C|, rate the mean over the batch, C rising linearly from 0 (Burgess et al. 2018,
 * "Understanding disentangling in β-VAE", eq. 8).
 */
export const capacity: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples, gamma, capacity, capacityEpochs }) => ({
    kind: "capacity",
    samples,
    quantities: [distortion, rate],
    controls: {
      gamma: constant("γ", gamma),
      capacity: ramp({ symbol: "C", final: capacity, epochs: capacityEpochs }),
    },
    loss: [{ quantity: "distortion" }, { quantity: "rate", target: "capacity", times: "gamma" }],
    meaning:
      `It pulls the rate to C = ${capacity} nats from either side, and makes the distortion small at that rate. The loss is no bound on ` +
      "−log p(x): at the target it is −ELBO less C, and below it less rate costs more.",
    perExample: elboParts,
  }),
};
