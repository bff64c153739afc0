import type { RandomStream } from "../../tensors/random.ts";

/** U(−a, a) with a = √(6 / (fanIn + fanOut)); Glorot and Bengio 2010, eq. 16. */
export function glorotUniform(
  random: RandomStream,
  count: number,
  fanIn: number,
  fanOut: number,
): Float32Array {
  const a = Math.sqrt(6 / (fanIn + fanOut));
  return random.uniforms(count).map((u) => a * (2 * u - 1));
}
