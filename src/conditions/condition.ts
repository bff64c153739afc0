import type { z } from "zod";
import type { Field, Fields } from "../data/field.ts";
import type { RandomStream } from "../tensors/random.ts";
import type { Tensor2D } from "../tensors/tf.ts";
import type { LinearMap } from "./linear.ts";

/** How y comes about from x: what is observed of an image. */
export interface Condition {
  /** y: real numbers of its own shape. */
  readonly field: Field;
  /**
   * y of one x with its noise. x are values in [0, 1], row-major [H, W, C]; `random` is the image's own stream, read only
   * where there is something to draw.
   */
  observe(x: ArrayLike<number>, random: RandomStream): Float32Array;
  /** A x, what is observed but for the noise: [B, D] -> [B, M], differentiable. Of a mask, the one that is in y, [B, M]. */
  forward(x: Tensor2D, y: Tensor2D): Tensor2D;
  /** Aᵀ y, [B, M] -> [B, D]: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩. */
  adjoint(y: Tensor2D): Tensor2D;
  /** x as it was estimated before there were networks, on the host. */
  readonly baseline: { readonly name: string; reconstruct(y: ArrayLike<number>): Float32Array };
}

/** One kind of condition. */
export interface ConditionFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** What y is, for titles and sentences: `a smaller image`. */
  readonly what: string;
  /** The section `condition:` of a configuration. */
  readonly schema: Schema;
  /** The field that x is conditioned on, of data that have it by now; undefined for none. */
  given(fields: Fields): Field | undefined;
  /** Makes y of x; absent where y is in the data themselves. Fails where the settings do not suit such images. */
  create?(config: z.infer<Schema>, x: Field): Condition;
}

/** Gives a file its types. */
export const defineCondition = <const Schema extends z.ZodObject>(
  family: ConditionFamily<Schema>,
): ConditionFamily<Schema> => family;

/** y as an image of this shape; projections are one too. */
export const imageOfY = (shape: readonly number[]): Field => ({
  name: "y",
  kind: "real",
  shape,
  show: "image",
});

/** y = A x, an image of this shape. */
export const linear = (
  map: LinearMap,
  shape: readonly number[],
): Pick<Condition, "field" | "observe" | "forward" | "adjoint"> => ({
  field: imageOfY(shape),
  observe: (x) => Float32Array.from(map.apply(x)),
  forward: map.forward,
  adjoint: map.adjoint,
});

/** The field that operators make. */
export const observedField = (fields: Fields): Field | undefined => fields["y"];
