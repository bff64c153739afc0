import type { Matrix } from "./linear.ts";

/** Which lines through an image of H×W pixels are measured. */
export interface Geometry {
  readonly H: number;
  readonly W: number;
  /** Directions θ_k = k · range / angles, in degrees. */
  readonly angles: number;
  readonly range: number;
  readonly detectors: number;
}

/** θ_k in radians. */
export const angleOf = ({ angles, range }: Geometry, k: number) => ((k * range) / angles) * (Math.PI / 180);

/** The distance of neighbouring detectors in pixels: together they see the whole diagonal. */
export const spacingOf = ({ H, W, detectors }: Geometry) =>
  Math.max(1, Math.ceil(Math.hypot(H, W)) / detectors);

/**
 * The discrete Radon transform as a matrix [angles · detectors, H·W]: along each line at steps of one pixel the image is read
 * between its pixels, bilinearly, and is 0 outside. Line t at angle θ has the points (u, v) = (t cos θ − s sin θ,
 * t sin θ + s cos θ) from the image's centre, u to the right and v down.
 */
export function projectionMatrix(geometry: Geometry): Matrix {
  const { H, W, angles, detectors } = geometry;
  const rows = angles * detectors;
  const values = new Float64Array(rows * H * W);
  const steps = Math.ceil(Math.hypot(H, W));
  const spacing = spacingOf(geometry);
  for (let k = 0; k < angles; k++) {
    const [cos, sin] = [Math.cos(angleOf(geometry, k)), Math.sin(angleOf(geometry, k))];
    for (let j = 0; j < detectors; j++) {
      const t = (j - (detectors - 1) / 2) * spacing;
      const row = (k * detectors + j) * H * W;
      for (let i = 0; i < steps; i++) {
        const s = i - (steps - 1) / 2;
        const x = t * cos - s * sin + (W - 1) / 2;
        const y = t * sin + s * cos + (H - 1) / 2;
        const [left, top] = [Math.floor(x), Math.floor(y)];
        for (const [r, c] of [
          [top, left],
          [top, left + 1],
          [top + 1, left],
          [top + 1, left + 1],
        ] as const) {
          if (r < 0 || r >= H || c < 0 || c >= W) continue;
          values[row + r * W + c]! += (1 - Math.abs(x - c)) * (1 - Math.abs(y - r));
        }
      }
    }
  }
  return { rows, columns: H * W, values };
}
