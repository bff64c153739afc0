import { RandomStream } from "../tensors/random.ts";
import type { Split } from "./dataset.ts";
import { writeDigit } from "./digits/handwriting.ts";
import { rasterize, SIDE } from "./digits/rasterize.ts";
import type { ImageShape } from "./field.ts";

/** Raised whenever the bytes for a seed change; part of the cache key. */
export const DIGITS_VERSION = 1;

export const DIGITS_SHAPE: ImageShape = [SIDE, SIDE, 1];
export const DIGITS_TRAIN_COUNT = 60_000;
export const DIGITS_TEST_COUNT = 10_000;
export const DIGITS_CLASS_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export interface DigitsOptions {
  readonly seed: number;
  readonly split: "train" | "test";
  readonly count: number;
  /** Called after about every 1000 images and at the end. */
  readonly onProgress?: (done: number) => void;
}

/** Images [count, 28, 28, 1] and which digits they are. */
export interface DrawnSplit extends Split {
  readonly columns: { readonly x: Uint8Array; readonly label: Uint8Array };
}

/**
 * Draws `count` handwritten-looking digits: 28x28, white ink on black, as MNIST has them. Image i is a function of
 * (seed, split, i) only, and the same bytes on every machine: nothing here calls a function such as `Math.sin` or
 * `Math.log`, whose last digit is up to the engine.
 */
export function generateDigits({ seed, split, count, onProgress }: DigitsOptions): DrawnSplit {
  const random = new RandomStream(seed).fork("digits").fork(split);
  const orders = random.fork("labels");
  const pixels = new Uint8Array(count * SIDE * SIDE);
  const labels = new Uint8Array(count);
  let decade = new Uint32Array();
  for (let i = 0; i < count; i++) {
    // Each ten images in a row hold each class once: balanced, and still no function of `count`.
    if (i % 10 === 0) decade = orders.fork(i / 10).permutation(10);
    labels[i] = decade[i % 10]!;
    const image = pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    rasterize(writeDigit(labels[i]!, random.fork(i)), image);
    if ((i + 1) % 1000 === 0 || i + 1 === count) onProgress?.(i + 1);
  }
  return { count, columns: { x: pixels, label: labels } };
}
