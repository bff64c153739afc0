/** One dot of the pen's path, in pixels: pixel (0, 0) has its centre at x = y = 0. */
export interface PenDot {
  x: number;
  y: number;
  radius: number;
}

/** Height and width of an image in pixels. */
export const SIDE = 28;

/** Width in pixels of the ramp from paper to ink; MNIST's size normalisation leaves about this much. */
export const EDGE = 1.15;

/** Scratch ink for one image, from 0 to somewhat above 1. */
const ink = new Float64Array(SIDE * SIDE);

/**
 * Draws the pen paths into `out` (SIDE x SIDE bytes, white ink). The ink at a pixel depends on the largest
 * `radius - distance` to any path: 1/2 on the pen's outline, rising linearly to full within `EDGE / 2` inside it.
 */
export function rasterize(paths: readonly (readonly PenDot[])[], out: Uint8Array): void {
  ink.fill(0);
  for (const path of paths) {
    for (let i = 1; i < path.length; i++) inkSegment(path[i - 1]!, path[i]!);
  }
  for (let p = 0; p < ink.length; p++) out[p] = Math.round(255 * Math.min(1, ink[p]!));
}

function inkSegment(a: PenDot, b: PenDot): void {
  const reach = Math.max(a.radius, b.radius) + EDGE / 2;
  const left = Math.max(0, Math.ceil(Math.min(a.x, b.x) - reach));
  const right = Math.min(SIDE - 1, Math.floor(Math.max(a.x, b.x) + reach));
  const top = Math.max(0, Math.ceil(Math.min(a.y, b.y) - reach));
  const bottom = Math.min(SIDE - 1, Math.floor(Math.max(a.y, b.y) + reach));
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const squaredLength = dx * dx + dy * dy;
  const perLength = squaredLength > 0 ? 1 / squaredLength : 0; // a segment of no length is a dot
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const t = Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) * perLength));
      const toX = x - (a.x + t * dx);
      const toY = y - (a.y + t * dy);
      const radius = a.radius + t * (b.radius - a.radius);
      const value = 0.5 + (radius - Math.sqrt(toX * toX + toY * toY)) / EDGE;
      const p = y * SIDE + x;
      if (value > ink[p]!) ink[p] = value;
    }
  }
}
