import type { z } from "zod";
import type { RandomStream } from "../random.ts";
import type { Tensor1D, Tensor2D } from "../tf.ts";

/** p(z). */
export interface Prior {
  /** `count` draws: -> [count, latentDim]. */
  sample(count: number, random: RandomStream): Tensor2D;
  /** log p(z) in nats: [B, latentDim] -> [B]. */
  logProb(z: Tensor2D): Tensor1D;
}

/** One family of priors. */
export interface PriorFamily<Schema extends z.ZodType> {
  readonly kind: string;
  /** The section `model.prior:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>, latentDim: number): Prior;
}
