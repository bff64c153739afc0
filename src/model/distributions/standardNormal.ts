import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import type { Prior, PriorFamily } from "./distribution.ts";
import { logStandardNormal, REAL_LINE } from "./normal.ts";

const schema = z.strictObject({ kind: z.literal("standardNormal") }).describe("N(0, I)");

/** p(z) = N(0, I). */
export const standardNormal: PriorFamily<typeof schema, Prior> = {
  schema,
  create: (_config, { latentDim }): Prior => ({
    kind: "standardNormal",
    support: REAL_LINE,
    logProb: (z) => tf.sum(logStandardNormal(z), 1),
    mean: (): tf.Tensor1D => tf.zeros([latentDim]),
    sample: (count, random) => tf.tensor2d(random.normals(count * latentDim), [count, latentDim]),
  }),
  size: () => ({ weights: 0, kept: 0 }),
};
