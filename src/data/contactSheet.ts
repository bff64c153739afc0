import { columnOf } from "./codedFields.ts";
import type { Column, Split } from "./dataset.ts";
import { type Field, fieldSize, whiteOf } from "./field.ts";

/**
 * The images of a contact sheet, [rows · columns, H, W, C]: the first of each class in a row of its own where there
 * are labels, otherwise the first of all. Places for which there is no image are black.
 */
export function contactSheet(
  set: Split,
  { image, label }: { readonly image: Field; readonly label?: Field | undefined },
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Uint8Array {
  const labels = label && set.columns[label.name];
  const chosen =
    labels === undefined ? firstOf(set, columns * rows) : firstOfEachClass(labels, columns, rows);
  const size = fieldSize(image);
  const pixels = columnOf(set, image);
  const images = new Uint8Array(Math.ceil(chosen.length / columns) * columns * size);
  const toByte = 255 / whiteOf(image);
  for (const [cell, index] of chosen.entries()) {
    if (index === undefined) continue;
    for (let d = 0; d < size; d++) images[cell * size + d] = Math.round(toByte * pixels[index * size + d]!);
  }
  return images;
}

function firstOf({ count }: Split, most: number): number[] {
  return Array.from({ length: Math.min(count, most) }, (_, i) => i);
}

function firstOfEachClass(labels: Column, columns: number, rows: number): (number | undefined)[] {
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
