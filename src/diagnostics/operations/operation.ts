import type * as tf from "../../tensors/tf.ts";
import { map, type Reference, zip } from "../reference.ts";

/** An operation that the project uses, with its counterpart in float64 and the shapes to try it at. */
export interface OperationCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly expected: (...inputs: Reference[]) => Reference | Promise<Reference>;
  /** Inputs stay above 0.1, for logarithms and roots. */
  readonly positive?: boolean;
  /** Multiplies the inputs, which otherwise are from −2 to 2. */
  readonly scale?: number;
  /** `false` where there is no gradient, or none that anybody asks for. */
  readonly differentiable?: boolean;
}

type Options = Pick<OperationCase, "positive" | "differentiable">;

/** A function of each element. */
export const elementwise = (
  name: string,
  run: (x: tf.Tensor) => tf.Tensor,
  f: (x: number) => number,
  options: Options = {},
): OperationCase => ({ name, shapes: [[7, 33]], run, expected: map(f), ...options });

/** A function of two elements, with equal shapes and with those that are broadcast. */
export const binary = (
  name: string,
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  f: (a: number, b: number) => number,
  options: Options = {},
): OperationCase[] =>
  (
    [
      ["", [5, 6], [5, 6]],
      [" with a row", [5, 6], [6]],
      [" with a column", [5, 6], [5, 1]],
      [" with a scalar", [5, 6], []],
    ] as const
  ).map(([how, a, b]) => ({ name: name + how, shapes: [a, b], run, expected: zip(f), ...options }));
