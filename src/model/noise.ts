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

/** What decides how many samples are taken. */
interface Sampled {
  readonly noise: readonly NoiseDraw[];
  readonly strata?: number;
}

/**
 * How many samples of each example there are to take, of so many: one where nothing is drawn, as all would be the same, and of a
 * mixture as many more as give each component the same number.
 */
export const samplesOf = ({ noise, strata = 1 }: Sampled, samples: number): number =>
  noise.length === 0 ? 1 : Math.ceil(samples / strata) * strata;

/** [K·B, …shape] for what each example has, sample by sample; [K, …shape] for what is shared. */
export const noiseShape = ({ shape, per }: NoiseDraw, { count, samples }: NoiseSize): number[] => [
  per === "example" ? samples * count : samples,
  ...shape,
];

/** How many numbers that is. */
export const noiseLength = (draw: NoiseDraw, size: NoiseSize): number => product(noiseShape(draw, size));

/** The noise of one training step, by name: a function of (random, name, step). */
export const stepNoise = (
  draws: readonly NoiseDraw[],
  size: NoiseSize,
  random: RandomStream,
  step: number,
): Record<string, Float32Array<ArrayBuffer>> =>
  byName(draws, (draw) => random.fork(draw.name).fork(step).normals(noiseLength(draw, size)));

/**
 * Noise that belongs to each example and sample, a function of (random, name, its place, k): however the examples from
 * `start` on are batched, and in however many pieces their samples are drawn, each gets the same. Each call draws so many
 * further samples of all of them. What is shared is the same for all batches.
 */
export function exampleNoiseInPieces(
  draws: readonly NoiseDraw[],
  count: number,
  random: RandomStream,
  start: number,
): (samples: number) => Record<string, Float32Array<ArrayBuffer>> {
  const streams = new Map(
    draws.map(({ name, per }) => {
      const stream = random.fork(name);
      return [
        name,
        per === "step" ? [stream] : Array.from({ length: count }, (_, i) => stream.fork(start + i)),
      ];
    }),
  );
  return (samples) =>
    byName(draws, (draw) => {
      const length = product(draw.shape);
      const noise = new Float32Array(noiseLength(draw, { count, samples }));
      const owners = streams.get(draw.name)!;
      for (const [i, own] of owners.entries()) {
        for (let k = 0; k < samples; k++) {
          const row = (k * owners.length + i) * length;
          own.fillNormals(noise, row, row + length);
        }
      }
      return noise;
    });
}

/** All samples of them in one piece. */
export const exampleNoise = (
  draws: readonly NoiseDraw[],
  { count, samples }: NoiseSize,
  random: RandomStream,
  start: number,
) => exampleNoiseInPieces(draws, count, random, start)(samples);

const byName = (draws: readonly NoiseDraw[], draw: (of: NoiseDraw) => Float32Array<ArrayBuffer>) =>
  Object.fromEntries(draws.map((of) => [of.name, draw(of)]));

const product = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1);
