import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import type { Vae } from "../model/vae.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { imagesThatFit } from "./passes.ts";
import { givenOf, type PixelMode, render } from "./pictures.ts";

/** Decoder outputs that images have together at a time (80 MB). */
const DECODED_VALUES = 2e7;

/** What is shown of p(x|z): its mean, or a draw by these random numbers. */
export interface Shown {
  readonly pixels: PixelMode;
  readonly random: RandomStream;
}

/** Of pictures of what z means. */
export const MEAN: Shown = { pixels: "mean", random: new RandomStream("no noise") };

/**
 * E[x|z] or x ~ p(x|z) for each of some z, [count, d] -> [count, D], in the units of x. With a condition `given` has as many y,
 * and it is E[x|z, y].
 */
export async function decodeAll(
  model: Vae,
  z: Float32Array,
  { pixels, random }: Shown,
  given?: Split,
): Promise<Float32Array> {
  const { latentDim: d, target, given: y } = model;
  const D = fieldSize(target);
  const count = z.length / d;
  const all = new Float32Array(count * D);
  const atOnce = imagesThatFit(model, 1, DECODED_VALUES);
  for (let start = 0; start < count; start += atOnce) {
    const rows = Math.min(atOnce, count - start);
    const ofPart = y && given && rowsOf(given, y.name, fieldSize(y), start, rows);
    const device = ofPart && givenOf(model, ofPart, rows);
    const images = tf.tidy(() => {
      const decoded = model.decode(tf.tensor2d(z.slice(start * d, (start + rows) * d), [rows, d]), device);
      return render(model, decoded, random.fork(start), pixels);
    });
    all.set(await images.data(), start * D);
    tf.dispose([images, ...(device ? [device] : [])]);
  }
  return all;
}

const rowsOf = ({ columns }: Split, name: string, size: number, start: number, count: number): Split => ({
  count,
  columns: { [name]: columns[name]!.subarray(start * size, (start + count) * size) },
});
