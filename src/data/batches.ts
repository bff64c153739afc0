import { codePixels, expectedPixel, isRandomCoding, type PixelCoding } from "../pixels.ts";
import type { RandomStream } from "../random.ts";
import type { ImageSet } from "./dataset.ts";

/** Some images as the model sees them: x [count, D]. */
export interface Batch {
  readonly x: Float32Array<ArrayBuffer>;
  readonly count: number;
  /** Position in its pass over the data, from 0. */
  readonly index: number;
}

/** How many values one image has, D = H·W·C. */
export const valuesPerImage = (set: ImageSet) => set.pixels.length / set.count;

/**
 * One pass over `set` in random order, from batch `from` on; the last batch holds what is left. Order and pixel noise
 * are functions of (random, epoch, batch), so a pass may be taken up anywhere.
 */
export function* trainingBatches(
  set: ImageSet,
  options: { coding: PixelCoding; batchSize: number; epoch: number; from?: number; random: RandomStream },
): Generator<Batch> {
  const { coding, batchSize, epoch, from = 0, random } = options;
  const order = random.fork("shuffle").fork(epoch).permutation(set.count);
  const noise = random.fork("pixels").fork(epoch);
  for (let index = from; index * batchSize < set.count; index++) {
    const chosen = order.subarray(index * batchSize, (index + 1) * batchSize);
    // "static" means one draw for each image, whichever epoch and batch it appears in.
    const x =
      coding === "binary-static"
        ? codeEachImage(set, coding, chosen, random.fork("pixels"))
        : codeBatch(set, coding, chosen, noise.fork(index));
    yield { x, count: chosen.length, index };
  }
}

/**
 * A pass in stored order with noise that belongs to each image, so that the numbers do not depend on the batch size
 * and dynamic binarisation is frozen.
 */
export function* evaluationBatches(
  set: ImageSet,
  options: { coding: PixelCoding; batchSize: number; random: RandomStream },
): Generator<Batch> {
  const { coding, batchSize, random } = options;
  for (let start = 0, index = 0; start < set.count; start += batchSize, index++) {
    const count = Math.min(batchSize, set.count - start);
    const chosen = Uint32Array.from({ length: count }, (_, i) => start + i);
    yield { x: codeEachImage(set, coding, chosen, random.fork("pixels")), count, index };
  }
}

/** All images from one stream, one after the other. */
const codeBatch = (set: ImageSet, coding: PixelCoding, chosen: Uint32Array, random: RandomStream) =>
  codeImages(set, coding, chosen, () => random);

/** Each image from a stream of its own. */
const codeEachImage = (set: ImageSet, coding: PixelCoding, chosen: Uint32Array, random: RandomStream) =>
  codeImages(set, coding, chosen, isRandomCoding(coding) ? (image) => random.fork(image) : () => random);

function codeImages(
  set: ImageSet,
  coding: PixelCoding,
  chosen: Uint32Array,
  randomOf: (image: number) => RandomStream,
): Batch["x"] {
  const D = valuesPerImage(set);
  const x = new Float32Array(chosen.length * D);
  for (const [i, image] of chosen.entries()) {
    codePixels(coding, set.pixels.subarray(image * D, (image + 1) * D), randomOf(image), x, i * D);
  }
  return x;
}

/** The mean of x over a split for each of the D values; random codings by their expectation. */
export function averageImage(set: ImageSet, coding: PixelCoding): Float32Array {
  const D = valuesPerImage(set);
  const expected = Float64Array.from({ length: 256 }, (_, v) => expectedPixel(coding, v));
  const sum = new Float64Array(D);
  for (let i = 0; i < set.pixels.length; i += D) {
    for (let d = 0; d < D; d++) sum[d]! += expected[set.pixels[i + d]!]!;
  }
  return Float32Array.from(sum, (s) => s / set.count);
}
