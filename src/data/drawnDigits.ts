import { z } from "zod";
import {
  DIGITS_CLASS_NAMES,
  DIGITS_SHAPE,
  DIGITS_TEST_COUNT,
  DIGITS_TRAIN_COUNT,
  DIGITS_VERSION,
  generateDigits,
} from "./digits.ts";
import { defineDrawn, drawnSettings } from "./drawn.ts";
import { encodeIdx, parseIdx } from "./idx.ts";
import { imageFields } from "./images.ts";

const NAME = "digits";
const summary = "digits drawn by this program, no download";

const schema = z.strictObject({
  name: z.literal(NAME).describe(summary),
  ...drawnSettings({ train: DIGITS_TRAIN_COUNT, test: DIGITS_TEST_COUNT }),
});

const fileNames = { x: "images-idx3-ubyte", label: "labels-idx1-ubyte" };

/** The built-in dataset. Kept as IDX files, by the names of MNIST's. */
export const drawnDigits = defineDrawn(
  { name: NAME, schema, summary },
  ({ seed, trainCount, testCount }) => ({
    key: `version${DIGITS_VERSION}-seed${seed}-${trainCount}+${testCount}`,
    fields: imageFields(DIGITS_SHAPE, DIGITS_CLASS_NAMES),
    counts: { train: trainCount, test: testCount },
    draw: (wanted) => generateDigits({ seed, ...wanted }),
    fileName: (split, { name }) =>
      `${split === "train" ? "train" : "t10k"}-${fileNames[name as keyof typeof fileNames]}`,
    // Grey images [N, H, W, 1] are [N, H, W] there.
    encode: (shape, values) => encodeIdx({ dims: shape.slice(0, 3), data: values as Uint8Array }),
    decode: (bytes, fileName) => parseIdx(bytes, fileName).data,
  }),
);
