import type { RandomStream } from "../tensors/random.ts";

/** Random numbers that a model needs: standard normals of this shape, by name. Plain data. */
export interface NoiseDraw {
  /** Also the name of their random stream. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether each example has its own (a latent), or all of a step share them (weights). */
  readonly per: "example" | "step";
}

/** How many examples there are, B, and how many samples of each, K. */
export interface NoiseSize {
  readonly count: number;
  readonly samples: number;
}

/** [K·B, …shape] for what each example has, sample by sample; [K, …shape] for what is shared. */
export const noiseShape = ({ shape, per }: NoiseDraw, { count, samples }: NoiseSize): number[] => [
  per === "example" ? samples * count : samples,
  ...shape,
];

/** The noise of one training step, by name: a function of (random, name, step). */
export const stepNoise = (
  draws: readonly NoiseDraw[],
  size: NoiseSize,
  random: RandomStream,
  step: number,
): Record<string, Float32Array<ArrayBuffer>> =>
  byName(draws, (draw) =>
    random
      .fork(draw.name)
      .fork(step)
      .normals(product(noiseShape(draw, size))),
  );

/**
 * Noise that belongs to each example, a function of (random, name, its place): however the examples from `start` on are
 * batched, each gets the same. What is shared is the same for all batches.
 */
export const exampleNoise = (
  draws: readonly NoiseDraw[],
  size: NoiseSize,
  random: RandomStream,
  start: number,
): Record<string, Float32Array<ArrayBuffer>> =>
  byName(draws, (draw) => {
    const stream = random.fork(draw.name);
    const shape = noiseShape(draw, size);
    if (draw.per === "step") return stream.normals(product(shape));
    const length = product(draw.shape);
    const noise = new Float32Array(product(shape));
    for (let i = 0; i < size.count; i++) {
      const own = stream.fork(start + i);
      for (let k = 0; k < size.samples; k++) noise.set(own.normals(length), (k * size.count + i) * length);
    }
    return noise;
  });

const byName = (draws: readonly NoiseDraw[], draw: (of: NoiseDraw) => Float32Array<ArrayBuffer>) =>
  Object.fromEntries(draws.map((of) => [of.name, draw(of)]));

const product = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1);
