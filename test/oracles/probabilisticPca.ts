import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Split } from "../../src/data/dataset.ts";
import { generateDigits } from "../../src/data/digits.ts";
import { imageSplit } from "../../src/data/images.ts";

/** The digits, 10x10 pixels: the average byte of each tenth of the height and width. */
export function smallDigits(split: "train" | "test", count: number): Split {
  const SIDE = 10;
  const pixels = generateDigits({ seed: 0, split, count }).columns.x;
  const small = new Uint8Array(SIDE * SIDE * count);
  // Pixel i of 28 covers [i, i + 1) of 28, that is [i·10/28, (i + 1)·10/28) of 10.
  const overlap = (cell: number, i: number) =>
    Math.max(0, Math.min(cell + 1, ((i + 1) * SIDE) / 28) - Math.max(cell, (i * SIDE) / 28));
  const weights = Array.from({ length: SIDE }, (_, cell) =>
    Array.from({ length: 28 }, (_, i) => overlap(cell, i)),
  );
  for (let n = 0; n < count; n++) {
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        let sum = 0;
        for (let i = 0; i < 28; i++) {
          if (weights[row]![i] === 0) continue;
          for (let j = 0; j < 28; j++)
            sum += weights[row]![i]! * weights[column]![j]! * pixels[784 * n + 28 * i + j]!;
        }
        small[100 * n + SIDE * row + column] = Math.round(sum);
      }
    }
  }
  return imageSplit(count, small);
}

/** x = byte / 255 as rows, [count, D]. */
export const rowsOf = ({ columns, count }: Split) =>
  new Matrix(
    Array.from({ length: count }, (_, n) =>
      Array.from(columns["x"]!.subarray(100 * n, 100 * (n + 1)), (v) => v / 255),
    ),
  );

/**
 * The maximum likelihood of probabilistic PCA with q latents (Tipping and Bishop 1999, eq. 6 to 8): σ² is the mean of the
 * discarded eigenvalues λ of the covariance (1/N), and
 *
 *     log p(x) = −½ (D log 2π + Σ_{i≤q} log λ_i + (D − q) log σ² + D) on average, in nats per image.
 */
export function closedForm(set: Split, q: number): { sigmaSquared: number; logProb: number } {
  const x = rowsOf(set);
  const D = x.columns;
  const centred = x.subRowVector(x.mean("column"));
  const covariance = centred.transpose().mmul(centred).div(set.count);
  const eigenvalues = new EigenvalueDecomposition(covariance, { assumeSymmetric: true }).realEigenvalues;
  const sorted = eigenvalues.toSorted((a, b) => b - a);
  const sigmaSquared = sorted.slice(q).reduce((a, b) => a + b) / (D - q);
  const logDeterminant =
    sorted.slice(0, q).reduce((sum, value) => sum + Math.log(value), 0) + (D - q) * Math.log(sigmaSquared);
  return { sigmaSquared, logProb: -0.5 * (D * Math.log(2 * Math.PI) + logDeterminant + D) };
}
