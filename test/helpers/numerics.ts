import { expect } from "vitest";

/** Every element within `relative` of the expected one, measured against the larger of it and `scale`. */
export function expectAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
  scale = 1,
): void {
  expect(expected.length).toBeGreaterThan(0);
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const bound = relative * Math.max(scale, Math.abs(expected[i]!));
    expect(
      Math.abs(actual[i]! - expected[i]!),
      `element ${i}: ${actual[i]} for ${expected[i]}`,
    ).toBeLessThanOrEqual(bound);
  }
}

/** The central difference of `f` at each element of `x`, in double precision as far as `f` is. */
export function finiteDifferences(f: (x: Float32Array) => number, x: Float32Array, step = 1e-2): number[] {
  return Array.from(x, (value, i) => {
    const at = (v: number) => {
      const moved = x.slice();
      moved[i] = v;
      return f(moved);
    };
    return (at(value + step) - at(value - step)) / (2 * step);
  });
}
