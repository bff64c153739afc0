import type { ImageShape } from "../data/field.ts";

const WINDOW = 11;
const SIGMA = 1.5;
const [C1, C2] = [0.01 ** 2, 0.03 ** 2]; // K₁ and K₂ of a range of 1

const gaussian = Array.from({ length: WINDOW }, (_, i) =>
  Math.exp(-0.5 * ((i - (WINDOW - 1) / 2) / SIGMA) ** 2),
);
const total = gaussian.reduce((sum, g) => sum + g, 0);
const WEIGHTS = gaussian.map((g) => g / total);

/**
 * The structural similarity of two images [H, W, C] with values in [0, 1]: the mean over all whole 11×11 windows, weighed by a
 * Gaussian of 1.5 pixels, and over channels (Wang et al. 2004, "Image quality assessment", eq. 13). An image that is smaller
 * than the window is one window.
 */
export function ssim(a: ArrayLike<number>, b: ArrayLike<number>, [H, W, C]: ImageShape): number {
  let sum = 0;
  for (let c = 0; c < C; c++) sum += ofChannel(channel(a, c, C, H * W), channel(b, c, C, H * W), H, W);
  return sum / C;
}

const channel = (x: ArrayLike<number>, c: number, C: number, pixels: number) =>
  Float64Array.from({ length: pixels }, (_, i) => x[i * C + c]!);

function ofChannel(a: Float64Array, b: Float64Array, H: number, W: number): number {
  const mean = (of: (i: number) => number) =>
    smoothed(
      Float64Array.from(a, (_, i) => of(i)),
      H,
      W,
    );
  const [meanA, meanB] = [mean((i) => a[i]!), mean((i) => b[i]!)];
  const [squareA, squareB] = [mean((i) => a[i]! ** 2), mean((i) => b[i]! ** 2)];
  const product = mean((i) => a[i]! * b[i]!);
  let sum = 0;
  for (const [i, mA] of meanA.entries()) {
    const mB = meanB[i]!;
    const variances = squareA[i]! - mA ** 2 + squareB[i]! - mB ** 2;
    const covariance = product[i]! - mA * mB;
    sum += ((2 * mA * mB + C1) * (2 * covariance + C2)) / ((mA ** 2 + mB ** 2 + C1) * (variances + C2));
  }
  return sum / meanA.length;
}

/** The weighed mean of each whole window, rows first and then columns. */
function smoothed(x: Float64Array, H: number, W: number): Float64Array {
  const [down, across] = [windowFor(H), windowFor(W)];
  const [h, w] = [H - down.length + 1, W - across.length + 1];
  const half = new Float64Array(H * w);
  for (let r = 0; r < H; r++) {
    for (let c = 0; c < w; c++) {
      let sum = 0;
      for (const [i, weight] of across.entries()) sum += weight * x[r * W + c + i]!;
      half[r * w + c] = sum;
    }
  }
  const result = new Float64Array(h * w);
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c++) {
      let sum = 0;
      for (const [i, weight] of down.entries()) sum += weight * half[(r + i) * w + c]!;
      result[r * w + c] = sum;
    }
  }
  return result;
}

/** The middle of the window, as much as there is room for. */
function windowFor(n: number): number[] {
  if (n >= WINDOW) return WEIGHTS;
  const part = WEIGHTS.slice(Math.floor((WINDOW - n) / 2), Math.floor((WINDOW - n) / 2) + n);
  const sum = part.reduce((sum, weight) => sum + weight, 0);
  return part.map((weight) => weight / sum);
}
