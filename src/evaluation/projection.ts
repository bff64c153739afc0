import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Encodings } from "./encodings.ts";

/** Posterior means in a plane. */
export interface Projection {
  readonly points: readonly (readonly [x: number, y: number])[];
  /** What the coordinates are. */
  readonly names: readonly [x: string, y: string];
  /** How they were found. */
  readonly how: string;
  /** Of principal components, their shares of the variance of the means. */
  readonly shares?: readonly number[];
}

/**
 * E[z|x] along two dimensions of z: those named, the only two, or otherwise the first two principal components. Of one dimension
 * beside its deviation, or where that is not known beside a draw.
 */
export function project(encodings: Encodings, axes?: readonly [number, number]): Projection {
  const { count, latentDim: d, mean, logVar, z } = encodings;
  if (d === 1) {
    return {
      points: Array.from(mean, (value, i) => [value, logVar ? Math.exp(logVar[i]! / 2) : z[i]!] as const),
      names: ["E[z0|x]", logVar ? "√Var[z0|x]" : "z0 ~ q(z|x), one draw"],
      how: "the one dimension",
    };
  }
  const [i, j] = axes ?? [0, 1];
  if (axes || d === 2) {
    return {
      points: Array.from({ length: count }, (_, n) => [mean[n * d + i]!, mean[n * d + j]!] as const),
      names: [`E[z${i}|x]`, `E[z${j}|x]`],
      how: d === 2 ? "both dimensions" : `two of ${d} dimensions`,
    };
  }
  const { scores, shares } = principalComponents(mean, { count, d, k: 2 });
  const told = shares.map((share) => `${(100 * share).toFixed(0)} % of the variance`);
  return {
    points: Array.from({ length: count }, (_, n) => [scores[2 * n]!, scores[2 * n + 1]!] as const),
    names: [`first principal component, ${told[0]}`, `second principal component, ${told[1]}`],
    how: `principal components of ${d} dimensions`,
    shares,
  };
}

/** Some vectors in the directions of their largest variances. */
export interface PrincipalComponents {
  /** Coordinates along the first k directions from the mean, [count, k]. */
  readonly scores: Float32Array;
  /** The mean of the vectors, [d], and the directions, [k, d], each of length 1. */
  readonly center: Float32Array;
  readonly directions: Float32Array;
  /** Each one's share of the variance, k of them, largest first. */
  readonly shares: readonly number[];
}

/** The first k principal components of `count` vectors, [count, d], by the eigenvectors of their covariance. */
export function principalComponents(
  values: Float32Array,
  { count, d, k }: { readonly count: number; readonly d: number; readonly k: number },
): PrincipalComponents {
  const all = new Matrix(count, d);
  for (let i = 0; i < count; i++) for (let j = 0; j < d; j++) all.set(i, j, values[i * d + j]!);
  const center = all.mean("column");
  all.center("column");
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(all.transpose().mmul(all), {
    assumeSymmetric: true,
  });
  const total = realEigenvalues.reduce((sum, value) => sum + value, 0);
  const largest = Array.from({ length: k }, (_, i) => d - 1 - i); // they come in rising order
  const directions = Matrix.columnVector(Array(d).fill(0)).repeat({ columns: k });
  for (const [i, column] of largest.entries()) {
    const direction = eigenvectorMatrix.getColumn(column);
    // Either sign is one; the loading of most weight is positive, so that the same vectors give the same picture.
    const most = direction.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    directions.setColumn(
      i,
      direction.map((value) => value * Math.sign(most)),
    );
  }
  return {
    scores: Float32Array.from(all.mmul(directions).to1DArray()),
    center: Float32Array.from(center),
    directions: Float32Array.from(directions.transpose().to1DArray()),
    shares: largest.map((i) => Math.max(0, realEigenvalues[i]!) / (total || 1)),
  };
}
