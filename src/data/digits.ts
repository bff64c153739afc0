import { RandomStream } from "../tensors/random.ts";
import type { Split } from "./dataset.ts";
import { writeDigit } from "./digits/handwriting.ts";
import { rasterize, SIDE } from "./digits/rasterize.ts";
import type { ImageShape } from "./field.ts";

/** Raised whenever the bytes for a seed change; part of the cache key. */
export const DIGITS_VERSION = 1;

export const DIGITS_SHAPE: ImageShape = [SIDE, SIDE, 1];
const D = SIDE * SIDE;
export const DIGITS_TRAIN_COUNT = 60_000;
export const DIGITS_TEST_COUNT = 10_000;
export const DIGITS_CLASS_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export interface DigitsOptions {
  readonly seed: number;
  readonly split: "train" | "test";
  readonly count: number;
  /** The first image to draw, 0 without it. */
  readonly from?: number;
}

/** Images [count, 28, 28, 1] and which digits they are. */
export interface DrawnSplit extends Split {
  readonly columns: { readonly x: Uint8Array; readonly label: Uint8Array };
}

/**
 * Draws `count` handwritten-looking digits, from the image `from` on: 28x28, white ink on black, as MNIST has them. Image i is a function of
 * (seed, split, i) only, and the same bytes on every machine: nothing here calls a function such as `Math.sin` or
 * `Math.log`, whose last digit is up to the engine.
 */
export function generateDigits({ seed, split, count, from = 0 }: DigitsOptions): DrawnSplit {
  const random = new RandomStream(seed).fork("digits").fork(split);
  const orders = random.fork("labels");
  const pixels = new Uint8Array(count * D);
  const labels = new Uint8Array(count);
  let decade = new Uint32Array();
  for (let i = from; i < from + count; i++) {
    // Each ten images in a row hold each class once: balanced, and still no function of `count`.
    if (i % 10 === 0 || i === from) decade = orders.fork(Math.floor(i / 10)).permutation(10);
    const label = decade[i % 10]!;
    labels[i - from] = label;
    rasterize(writeDigit(label, random.fork(i)), pixels.subarray((i - from) * D, (i - from + 1) * D));
  }
  return { count, columns: { x: pixels, label: labels } };
}
