import type { Matrix } from "ml-matrix";
import type { ExactPosterior } from "./exactLinear.ts";

/** A normal of two weights. */
export interface PairNormal {
  readonly mean: readonly [number, number];
  /** Var(a), Cov(a, b), Var(b). */
  readonly covariance: readonly [aa: number, ab: number, bb: number];
}

/** The two weights that the rows tell apart worst, by three distributions. */
export interface WeightPair {
  readonly names: readonly [string, string];
  /** Between them, by the exact posterior. */
  readonly correlation: number;
  readonly exact: PairNormal;
  readonly q: PairNormal;
  /** The best q whose weights are independent: the exact means, and variances 1/Λ_ii. */
  readonly meanField: PairNormal;
}

/** The pair of weights with the largest correlation in the exact posterior. */
export function mostCorrelatedPair({ of, exact, comparison }: ExactPosterior): WeightPair {
  const { covariance, mean } = exact;
  const [i, j] = pairOf(covariance);
  const of2 = (mean: readonly number[], matrix: Matrix): PairNormal => ({
    mean: [mean[i]!, mean[j]!],
    covariance: [matrix.get(i, i), matrix.get(i, j), matrix.get(j, j)],
  });
  const { precision } = exact;
  return {
    names: [comparison.weights[i]!.name, comparison.weights[j]!.name],
    correlation: correlation(covariance, i, j),
    exact: of2(mean, covariance),
    q: of2(of.mean, of.covariance),
    meanField: {
      mean: [mean[i]!, mean[j]!],
      covariance: [1 / precision.get(i, i), 0, 1 / precision.get(j, j)],
    },
  };
}

const correlation = (matrix: Matrix, i: number, j: number) =>
  matrix.get(i, j) / Math.sqrt(matrix.get(i, i) * matrix.get(j, j));

function pairOf(matrix: Matrix): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  for (let i = 0; i < matrix.rows; i++) {
    for (let j = i + 1; j < matrix.rows; j++) {
      if (Math.abs(correlation(matrix, i, j)) > Math.abs(correlation(matrix, ...best))) best = [i, j];
    }
  }
  return best;
}
