import { textWidth } from "./font.ts";

/** A rectangle in CSS pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Text for a point, in CSS pixels. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface PlacedLabel extends Label {
  readonly box: Box;
}

/** From a point to its label; the wider ones where the narrower are taken, and it is still clear whose the label is. */
const GAPS = [8, 22, 36];
/** At the end of a label, before the next. */
const BETWEEN = 6;

/** Beside the point, at the corners, above and below: the first that is free is taken. */
const PLACES = [
  [1, 0],
  [1, -1],
  [-1, 0],
  [1, 1],
  [0, -1],
  [0, 1],
  [-1, -1],
  [-1, 1],
] as const;

/**
 * Puts each label beside its point, where it is within `area` and on no other label and none of `obstacles`; in the order
 * of their importance. One that has no such place is left out.
 */
export function placeLabels(
  labels: readonly Label[],
  area: Box,
  obstacles: readonly Box[],
  { font, lineHeight, isCrowded }: { font: string; lineHeight: number; isCrowded: boolean },
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const label of labels) {
    const width = textWidth(label.text, font) + BETWEEN;
    const boxes = (isCrowded ? GAPS.slice(0, 1) : GAPS).flatMap((gap) =>
      PLACES.map(([right, down]) => ({
        left: label.x + right * gap - (width * (1 - right)) / 2,
        top: label.y + down * gap - (lineHeight * (1 - down)) / 2,
        width,
        height: lineHeight,
      })),
    );
    const taken = [...obstacles, ...placed.map(({ box }) => box)];
    const box = boxes.find((box) => isWithin(box, area) && !taken.some((other) => overlaps(box, other)));
    if (box) placed.push({ ...label, box });
  }
  return placed;
}

const isWithin = (box: Box, area: Box) =>
  box.left >= area.left &&
  box.top >= area.top &&
  box.left + box.width <= area.left + area.width &&
  box.top + box.height <= area.top + area.height;

export const overlaps = (a: Box, b: Box) =>
  a.left < b.left + b.width &&
  b.left < a.left + a.width &&
  a.top < b.top + b.height &&
  b.top < a.top + a.height;
