import { cubic } from "../data/resize.ts";
import { type Matrix, matrix } from "./linear.ts";

/** Means of `factor` neighbours: [n / factor, n]. */
export const blockMeans = (n: number, factor: number): Matrix =>
  matrix(n / factor, n, (row, column) => (Math.floor(column / factor) === row ? 1 / factor : 0));

/**
 * Bicubic resampling of n pixels to m, [m, n]: the kernel at the distance of pixel centres, as wide as the coarser of both
 * grids so that a smaller image has no alias. What would be beyond an edge is the pixel at the edge.
 */
export function bicubic(n: number, m: number): Matrix {
  const width = Math.max(1, n / m);
  const weights = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    const centre = ((row + 0.5) * n) / m - 0.5;
    const from = Math.ceil(centre - 2 * width);
    const to = Math.floor(centre + 2 * width);
    const kernel = Array.from({ length: to - from + 1 }, (_, i) => cubic((from + i - centre) / width));
    const total = kernel.reduce((sum, k) => sum + k, 0);
    for (const [i, k] of kernel.entries()) {
      const column = Math.min(n - 1, Math.max(0, from + i));
      weights[row * n + column]! += k / total;
    }
  }
  return { rows: m, columns: n, values: weights };
}

/** A Gaussian blur of n pixels, [n, n], cut off at four deviations; what would be beyond an edge is mirrored there. */
export function gaussianBlur(n: number, sigma: number): Matrix {
  const radius = Math.ceil(4 * sigma);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const total = kernel.reduce((sum, k) => sum + k, 0);
  const values = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (const [i, k] of kernel.entries()) values[row * n + mirrored(row + i - radius, n)]! += k / total;
  }
  return { rows: n, columns: n, values };
}

/** −1 is 0, −2 is 1, …: the half-sample reflection. */
function mirrored(i: number, n: number): number {
  const period = 2 * n;
  const place = ((i % period) + period) % period;
  return place < n ? place : period - 1 - place;
}
