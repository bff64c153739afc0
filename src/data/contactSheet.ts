import type { ImageSet, ImageShape } from "./dataset.ts";

/**
 * The images of a contact sheet, [rows · columns, H, W, C]: the first of each class in a row of its own where there
 * are labels, otherwise the first of all. Places for which there is no image are black.
 */
export function contactSheet(
  set: ImageSet,
  [height, width, channels]: ImageShape,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Uint8Array {
  const chosen =
    set.labels === undefined ? firstOf(set, columns * rows) : firstOfEachClass(set.labels, columns, rows);
  const size = height * width * channels;
  const images = new Uint8Array(Math.ceil(chosen.length / columns) * columns * size);
  for (const [cell, index] of chosen.entries()) {
    if (index !== undefined) images.set(set.pixels.subarray(index * size, (index + 1) * size), cell * size);
  }
  return images;
}

function firstOf({ count }: ImageSet, most: number): number[] {
  return Array.from({ length: Math.min(count, most) }, (_, i) => i);
}

function firstOfEachClass(labels: Uint8Array, columns: number, rows: number): (number | undefined)[] {
  const byClass = new Map<number, number[]>();
  for (const [index, label] of labels.entries()) {
    const members = byClass.get(label) ?? [];
    if (members.length < columns) byClass.set(label, [...members, index]);
  }
  return [...byClass.keys()]
    .sort((a, b) => a - b)
    .slice(0, rows)
    .flatMap((label) => Array.from({ length: columns }, (_, i) => byClass.get(label)![i]));
}
