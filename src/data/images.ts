import type { Column, Split } from "./dataset.ts";
import type { Field, Fields, ImageShape } from "./field.ts";

/** What is known of the classes of images: how many there are, K, or what they are called. */
export type Classes = number | readonly string[];

export type ImageFields = Fields & { readonly x: Field; readonly label?: Field };

/** The fields of a dataset of images: the image `x` and, where there are classes, its `label`. */
export const imageFields = (shape: ImageShape, classes?: Classes): ImageFields => ({
  x: { name: "x", shape, kind: "bytes", show: "image" },
  ...(classes !== undefined && {
    label: {
      name: "label",
      shape: [],
      kind: "class",
      show: "value",
      ...(typeof classes === "number"
        ? { classCount: classes }
        : { classCount: classes.length, classNames: classes }),
    },
  }),
});

/** Images [N, H, W, C] and their labels [N] as a split. */
export const imageSplit = (count: number, x: Column, label?: Uint8Array): Split => ({
  count,
  columns: { x, ...(label && { label }) },
});
