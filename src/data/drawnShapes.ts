import { z } from "zod";
import type { Column } from "./dataset.ts";
import { defineDrawn, drawnSettings } from "./drawn.ts";
import { parseNpy } from "./npy.ts";
import { generateShapes, SHAPES_VERSION, shapesFields } from "./shapes.ts";
import { npyBytes } from "./writeArrays.ts";

const NAME = "shapes";
const summary = "coloured shapes drawn by this program, each with what it was drawn from";

const schema = z.strictObject({
  name: z.literal(NAME).describe(summary),
  size: z
    .int()
    .min(16)
    .max(256)
    .default(64)
    .describe(
      "height and width of the images that are drawn (others: resize the images to this height and width, or [height, width]; none unless set)",
    ),
  ...drawnSettings({ train: 20_000, test: 2000 }),
});

/** The built-in dataset in colour. Kept as arrays of numpy: `train-x.npy`, `train-label.npy`, `train-hue.npy` … */
export const drawnShapes = defineDrawn(
  { name: NAME, schema, summary },
  ({ size, seed, trainCount, testCount }) => ({
    key: `version${SHAPES_VERSION}-size${size}-seed${seed}-${trainCount}+${testCount}`,
    fields: shapesFields(size),
    counts: { train: trainCount, test: testCount },
    draw: (wanted) => generateShapes({ seed, side: size, ...wanted }),
    fileName: (split, { name }) => `${split}-${name}.npy`,
    encode: (shape, values) => npyBytes({ shape, values }),
    decode: (bytes, fileName) => parseNpy(bytes, fileName).values as Column,
  }),
);
