import { RandomStream } from "../tensors/random.ts";
import type { Split } from "./dataset.ts";
import type { Fields } from "./field.ts";
import { imageFields } from "./images.ts";
import { OUTLINES } from "./shapes/outlines.ts";
import { type Factors, paint } from "./shapes/paint.ts";

/** Raised whenever the bytes for a seed change; part of the cache key. */
export const SHAPES_VERSION = 1;

/** Each factor is uniform between these and independent of the others. A shape never reaches the edge of its image. */
export const FACTORS = {
  hue: [0, 1],
  size: [0.2, 0.36],
  positionX: [0.35, 0.65],
  positionY: [0.35, 0.65],
  angle: [-30, 30],
} as const satisfies { [Name in keyof Factors]: readonly [least: number, most: number] };

const factorNames = Object.keys(FACTORS) as (keyof Factors)[];

/** The image `x`, its shape as the `label`, and its factors by their names. */
export const shapesFields = (side: number): Fields => ({
  ...imageFields(
    [side, side, 3],
    OUTLINES.map(({ name }) => name),
  ),
  ...Object.fromEntries(factorNames.map((name) => [name, { name, shape: [], kind: "real", show: "value" }])),
});

export interface ShapesOptions {
  readonly seed: number;
  readonly split: "train" | "test";
  /** Height and width of an image. */
  readonly side: number;
  readonly count: number;
  /** The first image to draw, 0 without it. */
  readonly from?: number;
}

/** Images [count, side, side, 3], which shapes they show, and the factors that they were painted with. */
export interface ShapesSplit extends Split {
  readonly columns: { readonly x: Uint8Array; readonly label: Uint8Array } & Readonly<
    Record<keyof Factors, Float32Array>
  >;
}

/**
 * Draws `count` images of one coloured shape on black, from the image `from` on. Image i is a function of (seed, split, i)
 * and the side only, its shape and factors of the first three, and it is the same bytes on every machine, as digits are.
 */
export function generateShapes({ seed, split, side, count, from = 0 }: ShapesOptions): ShapesSplit {
  const random = new RandomStream(seed).fork("shapes").fork(split);
  const orders = random.fork("labels");
  const D = side * side * 3;
  const K = OUTLINES.length;
  const columns: ShapesSplit["columns"] = {
    x: new Uint8Array(count * D),
    label: new Uint8Array(count),
    hue: new Float32Array(count),
    size: new Float32Array(count),
    positionX: new Float32Array(count),
    positionY: new Float32Array(count),
    angle: new Float32Array(count),
  };
  let order = new Uint32Array();
  for (let i = 0; i < count; i++) {
    const n = from + i;
    // Each K images in a row hold each class once: balanced, and still no function of `count`.
    if (n % K === 0 || i === 0) order = orders.fork(Math.floor(n / K)).permutation(K);
    columns.label[i] = order[n % K]!;
    const own = random.fork(n);
    for (const name of factorNames) {
      const [least, most] = FACTORS[name];
      columns[name][i] = least + (most - least) * own.uniform();
    }
    const image = columns.x.subarray(i * D, (i + 1) * D);
    paint(OUTLINES[columns.label[i]!]!, factorsOf(columns, i), side, image);
  }
  return { count, columns };
}

/** As float32 has them, so that the image is of the very numbers that are kept. */
const factorsOf = (columns: ShapesSplit["columns"], i: number) =>
  Object.fromEntries(factorNames.map((name) => [name, columns[name][i]!])) as unknown as Factors;
