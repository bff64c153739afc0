import { VaeError } from "../base/errors.ts";
import type { RandomStream } from "../tensors/random.ts";
import { codePixels, expectedPixel, type PixelCoding } from "./codings.ts";
import type { Column, Split } from "./dataset.ts";
import { type Field, fieldSize, whiteOf } from "./field.ts";

/** How many numbers a model sees of one example: D, or D·K of classes, which become one-hot. */
export const codedSize = (field: Field): number =>
  fieldSize(field) * (field.kind === "class" ? field.classCount : 1);

/** The values of a field in a split, which must have them. */
export function columnOf({ columns }: Split, { name }: Field): Column {
  const column = columns[name];
  if (column) return column;
  throw new VaeError(
    "usage",
    `A split has no ${name}, which the model reads. It has ${Object.keys(columns).join(", ")}.`,
  );
}

/**
 * Writes what a model sees of an example's `values` into `out` from `offset` on: bytes by the pixel coding, the rest as
 * `codeExactly` has it. `random` is read by the random codings of bytes alone.
 */
export function codeExample(
  field: Field,
  values: Column,
  { coding, random }: { readonly coding: PixelCoding; readonly random: RandomStream },
  out: Float32Array,
  offset: number,
): void {
  if (field.kind === "bytes")
    codePixels(coding, values as Uint8Array | Uint16Array, random, out, offset, whiteOf(field));
  else codeExactly(field, values, out, offset);
}

/** Numbers as they are; a class as K numbers, a 1 in its place and 0 elsewhere. `out` holds zeros. */
function codeExactly(field: Field, values: Column, out: Float32Array, offset: number): void {
  if (field.kind !== "class") {
    out.set(values, offset);
    return;
  }
  const { name, classCount } = field;
  for (const [i, label] of values.entries()) {
    if (label >= classCount) {
      throw new VaeError(
        "failure",
        `The ${name} of an example is ${label}. There are ${classCount} classes: 0 to ${classCount - 1}.`,
      );
    }
    out[offset + i * classCount + label] = 1;
  }
}

/** The mean over a split of what a model sees of a field, [codedSize]; random codings by their expectation. */
export function averageOf(set: Split, field: Field, coding: PixelCoding): Float32Array {
  const size = codedSize(field);
  let values = columnOf(set, field);
  let expected = (value: number) => value;
  if (field.kind === "bytes") {
    const white = whiteOf(field);
    const ofLevel = Float64Array.from({ length: white + 1 }, (_, v) => expectedPixel(coding, v, white));
    expected = (value) => ofLevel[value]!;
  } else {
    const coded = new Float32Array(set.count * size);
    codeExactly(field, values, coded, 0);
    values = coded;
  }
  const sum = new Float64Array(size);
  for (let i = 0; i < values.length; i += size) {
    for (let d = 0; d < size; d++) sum[d]! += expected(values[i + d]!);
  }
  return Float32Array.from(sum, (s) => s / set.count);
}
