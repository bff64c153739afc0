import type { z } from "zod";
import type { Vae } from "../model.ts";
import type { Scalar, Tensor1D, Tensor2D } from "../tf.ts";

/** The parts of the objective for each image of a batch, in nats. */
export interface PerImageTerms {
  /** E_q[−log p(x|z)], estimated with one z; [B] */
  readonly distortion: Tensor1D;
  /** KL(q(z|x) ‖ p(z)); [B] */
  readonly rate: Tensor1D;
}

/** An objective is a pure function of tensors: no draw of random numbers and no read inside. */
export interface Objective {
  /** x [B, D], standard normal noise [B, latentDim] -> nats per image. */
  terms(vae: Vae, x: Tensor2D, noise: Tensor2D): PerImageTerms;
  /** The number to minimise, from the means over a batch. */
  loss(distortion: Scalar, rate: Scalar, beta: Scalar): Scalar;
}

/** One family of objectives. */
export interface ObjectiveFamily<Schema extends z.ZodType> {
  /** The section `objective:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>): Objective;
}
