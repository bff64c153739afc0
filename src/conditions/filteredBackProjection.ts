import type { Matrix } from "./linear.ts";
import { angleOf, type Geometry, spacingOf } from "./projection.ts";

/**
 * Filtered back-projection as a matrix [H·W, angles · detectors]: x̂ = (range / angles) Σ_θ (h ∗ y_θ)(u cos θ + v sin θ), read
 * between detectors linearly, with the band-limited ramp filter h (Kak and Slaney 1988, "Principles of computerized
 * tomographic imaging", eq. 3-61), or that times a Hann window, which takes noise out and edges with it.
 */
export function filteredBackProjection(geometry: Geometry, filter: "ramp" | "hann"): Matrix {
  const { H, W, angles, range, detectors: n } = geometry;
  const spacing = spacingOf(geometry);
  const kernel = filter === "ramp" ? rampKernel(n) : hannKernel(n);
  const columns = angles * n;
  const values = new Float64Array(H * W * columns);
  const weight = (range * Math.PI) / 180 / angles / spacing;
  for (let pixel = 0; pixel < H * W; pixel++) {
    const u = (pixel % W) - (W - 1) / 2;
    const v = Math.floor(pixel / W) - (H - 1) / 2;
    for (let k = 0; k < angles; k++) {
      const theta = angleOf(geometry, k);
      const place = (u * Math.cos(theta) + v * Math.sin(theta)) / spacing + (n - 1) / 2;
      const below = Math.floor(place);
      for (const detector of [below, below + 1]) {
        if (detector < 0 || detector >= n) continue;
        const share = weight * (1 - Math.abs(place - detector));
        const at = pixel * columns + k * n;
        for (let j = 0; j < n; j++) values[at + j]! += share * kernel[Math.abs(detector - j)]!;
      }
    }
  }
  return { rows: H * W, columns, values };
}

/** h at 0, 1, … n − 1 detectors: ¼ at 0, −1/(πk)² at odd k, 0 at even ones. */
const rampKernel = (n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, k) => (k === 0 ? 0.25 : k % 2 === 0 ? 0 : -1 / (Math.PI * k) ** 2));

/** ∫ |f| ½(1 + cos 2πf) cos 2πfk df over the frequencies f from −½ to ½: half the ramp and a quarter of each neighbour. */
function hannKernel(n: number): Float64Array {
  const ramp = rampKernel(n + 1);
  return Float64Array.from(
    { length: n },
    (_, k) => 0.5 * ramp[k]! + 0.25 * (ramp[Math.abs(k - 1)]! + ramp[k + 1]!),
  );
}
