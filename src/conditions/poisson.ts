import type { RandomStream } from "../tensors/random.ts";

/** A Poisson draw: of a few by counting exponential gaps, of many as a rounded normal of the same mean and variance. */
export function poisson(mean: number, random: RandomStream): number {
  if (mean > 500) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normals(1)[0]!));
  let count = -1;
  for (let sum = 0; sum <= mean; count++) sum -= Math.log1p(-random.uniform());
  return count;
}
