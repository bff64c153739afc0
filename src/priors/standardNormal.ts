import { z } from "zod";
import * as tf from "../tf.ts";
import type { PriorFamily } from "./prior.ts";

const LOG_TWO_PI = Math.log(2 * Math.PI);

const schema = z.strictObject({ kind: z.literal("standardNormal") }).describe("N(0, I)");

/** p(z) = N(0, I). */
export const standardNormal: PriorFamily<typeof schema> = {
  kind: "standardNormal",
  schema,
  create: (_config, latentDim) => ({
    sample: (count, random) => tf.tensor2d(random.normals(count * latentDim), [count, latentDim]),
    logProb: (z) => tf.mul(tf.sum(tf.add(tf.square(z), LOG_TWO_PI), 1), -0.5),
  }),
};
