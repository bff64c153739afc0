import type { Support } from "../../data/support.ts";
import { HALF_LOG_TWO_PI } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";

/** Of normal distributions and of mixtures of them. */
export const REAL_LINE: Support = { set: "real", canDiverge: false };

/**
 * log N(t; 0, 1) = −½ t² − ½ log 2π for each element, the one place where the normal density is written on the device;
 * for N(μ, σ²) it is taken at t = (x − μ)/σ, less log σ.
 */
export const logStandardNormal = <T extends tf.Tensor>(t: T): T =>
  tf.sub<T>(tf.mul(tf.square(t), -0.5), HALF_LOG_TWO_PI);
