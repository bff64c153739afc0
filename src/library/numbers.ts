/**
 * Numbers of several examples, row-major: with their shape, [count, …], or flat, as many whole examples as there are.
 * Levels of brightness, such as pixels, are 0 … 1, or whole from 0 to the largest, 255 mostly, in an array of integers
 * such as `Uint8Array`.
 */
export type Numbers =
  | ArrayLike<number>
  | { readonly shape: readonly number[]; readonly values: ArrayLike<number> };

/** Numbers that come back: row-major, their shape beside them. */
export interface Values {
  readonly shape: number[];
  readonly values: Float32Array;
}
