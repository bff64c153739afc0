import { expect, test } from "vitest";
import { estimateOf, quantile, raisedBy } from "../src/evaluation/statistics.ts";

test("the standard error is the deviation over √N", () => {
  // numpy.std([1, 2, 3, 6], ddof=1) / 2
  const { mean, standardError } = estimateOf([1, 2, 3, 6]);
  expect(mean).toBe(3);
  expect(standardError).toBeCloseTo(Math.sqrt(14 / 3) / 2, 12);
  expect(estimateOf([5])).toEqual({ mean: 5, standardError: 0 });
});

test("quantiles lie between values in proportion", () => {
  const values = Float64Array.of(4, 1, 3, 2);
  expect([0, 0.5, 0.1, 1].map((share) => quantile(values, share))).toEqual([1, 2.5, 1.3, 4]);
});

test("the worst values raise the mean above that of the others", () => {
  expect(raisedBy(Float64Array.of(1, 100, 3, 2, 50), 2)).toBeCloseTo(156 / 5 - 2, 12);
});
