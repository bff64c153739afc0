import { normalQuantile } from "../tensors/hostMath.ts";
import type { Encodings } from "./encodings.ts";
import { ACTIVE_KL, ACTIVE_VARIANCE, dimensionsOf, momentsOf } from "./latents.ts";

/** From a at t = 0 to b at t = 1, both [d]. */
type LatentPath = (a: Float32Array, b: Float32Array, t: number) => Float32Array;

/** (1 − t) a + t b. In the middle it is nearer to 0 than nearly all draws of N(0, I) are, if d is large. */
const linear: LatentPath = (a, b, t) => weighted(a, b, 1 - t, t);

/**
 * Along the arc about 0: sin((1 − t) Ω) / sin Ω · a + sin(t Ω) / sin Ω · b with the angle Ω between them (Shoemake 1985; White
 * 2016, "Sampling generative networks"). Two draws of N(0, I) are at about the distance √d from 0, and so is all of it.
 */
const spherical: LatentPath = (a, b, t) => {
  const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  // Where both point the same way, or one is 0, the arc is the line.
  if (!(sine > 1e-6)) return linear(a, b, t);
  return weighted(a, b, Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine);
};

const weighted = (a: Float32Array, b: Float32Array, ofA: number, ofB: number) =>
  a.map((value, i) => ofA * value + ofB * b[i]!);

export const latentPaths = { linear, spherical } satisfies Record<string, LatentPath>;

export type LatentPathName = keyof typeof latentPaths;

/** One dimension of z. */
export interface LatentUnit {
  /** Its place in z, from 0. */
  readonly unit: number;
  /** E_x KL(q(z_d|x) ‖ N(0, 1)) in nats, where it is known in closed form. */
  readonly kl?: number;
  /** Var_x E[z_d|x] */
  readonly varianceOfMean: number;
  readonly active: boolean;
  /** Mean and standard deviation of the prior N(0, 1), or of z over images under another one. */
  readonly mean: number;
  readonly deviation: number;
}

/** The dimensions of z, those first that tell most of the image: by their KL, or where there is none by the variance of E[z|x]. */
export function rankedUnits(encodings: Encodings, hasNormalPrior: boolean): LatentUnit[] {
  const { varianceOfMean, klPerDimension } = dimensionsOf(encodings, hasNormalPrior);
  const moments = hasNormalPrior ? undefined : momentsOf(encodings, encodings.z);
  const weight = klPerDimension ?? varianceOfMean;
  return varianceOfMean
    .map((variance, unit) => ({
      unit,
      ...(klPerDimension && { kl: klPerDimension[unit]! }),
      varianceOfMean: variance,
      active: klPerDimension ? klPerDimension[unit]! > ACTIVE_KL : variance > ACTIVE_VARIANCE,
      mean: moments?.mean[unit] ?? 0,
      deviation: moments ? Math.sqrt(moments.variance[unit]!) : 1,
    }))
    .toSorted((a, b) => weight[b.unit]! - weight[a.unit]!);
}

/** `count` numbers from −reach to reach, evenly. */
export const evenly = (count: number, reach: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? 0 : -reach + (2 * reach * i) / (count - 1)));

/** The middles of `count` parts of N(0, 1) that are equally probable: Φ⁻¹((i + ½) / count). */
export const normalQuantiles = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => normalQuantile((i + 0.5) / count));

/** Copies of z, [rows, d], each with some of its dimensions, by their places, at other values. */
export function withUnits(
  z: Float32Array,
  rows: readonly (readonly (readonly [unit: number, value: number])[])[],
): Float32Array {
  const copies = new Float32Array(rows.length * z.length);
  for (const [row, changes] of rows.entries()) {
    copies.set(z, row * z.length);
    for (const [unit, value] of changes) copies[row * z.length + unit] = value;
  }
  return copies;
}
