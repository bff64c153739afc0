import { z } from "zod";
import { ramp } from "./controls.ts";
import { elboParts, type Objective, type ObjectiveFamily } from "./objective.ts";
import { distortion, rate } from "./quantities.ts";
import { samplesSetting } from "./samples.ts";

const schema = z
  .strictObject({
    kind: z.literal("elbo"),
    samples: samplesSetting.default(1),
    beta: z
      .number()
      .min(0)
      .default(1)
      .meta({ description: "weight β of the rate in the loss; 1 is the evidence lower bound", flag: "beta" }),
    warmup: z.number().min(0).default(0).meta({
      description: "epochs over which β rises linearly from 0; 0 turns it off",
      flag: "beta-warmup",
    }),
    cycles: z
      .int()
      .min(1)
      .default(1)
      .describe(
        "how often β rises from 0: more than once is the cyclical schedule, each time over `warmup` epochs",
      ),
    rampShare: z
      .number()
      .positive()
      .max(1)
      .default(0.5)
      .describe("share of each of those cycles over which β rises; for the rest of it β stays at its end"),
  })
  .refine(({ cycles, warmup }) => cycles === 1 || warmup > 0, {
    path: ["cycles"],
    error: "1 unless objective.warmup, the epochs over which β rises each time, is above 0",
  })
  .describe("evidence lower bound with weight β");

/**
 * loss = distortion + β · rate, distortion = E_q[−log p(x|z)], rate = KL(q(z|x) ‖ p(z)), both means over K samples.
 *
 * At β = 1 it is −ELBO (Kingma and Welling 2014, eq. 3); other β as in Higgins et al. 2017, "beta-VAE", eq. 4.
 */
export const elbo: ObjectiveFamily<typeof schema> = {
  schema,
  create: ({ samples, beta, warmup, cycles, rampShare }) => ({
    kind: "elbo",
    samples,
    quantities: [distortion, rate],
    controls: { beta: ramp({ symbol: "β", final: beta, epochs: warmup, cycles, rampShare }) },
    loss: [{ quantity: "distortion" }, { quantity: "rate", times: "beta" }],
    ...boundWith(beta),
    perExample: elboParts,
  }),
};

/** The rate is never below 0: weighing it more loosens the bound, weighing it less makes it none. */
function boundWith(beta: number): Pick<Objective, "bound" | "meaning"> {
  if (beta === 1) {
    return {
      bound: "= −ELBO",
      meaning:
        "At β = 1 the loss is −ELBO, a bound on −log p(x): the model of lowest loss is that of the highest bound.",
    };
  }
  if (beta > 1) {
    return {
      bound: "≥ −ELBO",
      meaning:
        "With β > 1 the loss is above −ELBO by (β − 1) · rate: still a bound on −log p(x), and a looser one, which buys a lower " +
        "rate at the price of distortion.",
    };
  }
  return {
    meaning:
      "With β < 1 the loss is no bound on −log p(x): it lies below −ELBO by (1 − β) · rate, which buys a lower distortion at the " +
      "price of rate.",
  };
}
