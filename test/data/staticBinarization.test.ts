import { expect, test } from "vitest";
import { evaluationBatches, trainingBatches } from "../../src/data/batches.ts";
import type { Dataset, SourceData, Split } from "../../src/data/dataset.ts";
import { generateDigits } from "../../src/data/digits.ts";
import { imageFields } from "../../src/data/images.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { binarized } from "../../src/data/staticBinarization.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { contextIn, temporaryFolder } from "./files.ts";

async function staticDigits(settings: { trainCount?: number; validation: number; limit?: number }) {
  const config = { name: "digits", trainCount: 60, testCount: 20, pixels: "binary-static", ...settings };
  return loadDataset(datasetSchema.parse(config), contextIn(await temporaryFolder()));
}

const atOnce = async () => {};

const splits = ["train", "validation", "test"] as const;
const bytesOf = ({ columns }: Split) => columns["x"] as Uint8Array;

/** The images of a pass as text, one each. */
const imagesOf = (batches: Iterable<{ columns: Readonly<Record<string, Float32Array>> }>) =>
  [...batches].flatMap(({ columns }) => {
    const x = columns["x"]!;
    return Array.from({ length: x.length / 784 }, (_, i) => x.subarray(784 * i, 784 * (i + 1)).join(""));
  });

function passesOver({ fields, ...data }: Dataset, split: (typeof splits)[number], seed: number) {
  const coded = { fields: [fields["x"]!], coding: "binary-static", batchSize: 7 } as const;
  const random = new RandomStream(seed);
  return {
    trained: [1, 2].map((epoch) => imagesOf(trainingBatches(data[split], { ...coded, epoch, random }))),
    evaluated: imagesOf(evaluationBatches(data[split], { ...coded, random: new RandomStream("evaluation") })),
  };
}

test.each(splits)(
  "%s: what is trained on is what is evaluated, to the bit, whatever the seed",
  async (split) => {
    const dataset = await staticDigits({ validation: 10 });
    for (const seed of [0, 1]) {
      const { trained, evaluated } = passesOver(dataset, split, seed);
      for (const epoch of trained) expect(epoch.toSorted()).toEqual(evaluated.toSorted());
    }
  },
);

test("each image is drawn on its own: the same bytes give other pixels elsewhere", async () => {
  const one = generateDigits({ seed: 0, split: "train", count: 1 }).columns.x;
  const twice = { count: 2, columns: { x: Uint8Array.from([...one, ...one]) } };
  const source: SourceData = { fields: imageFields([28, 28, 1]), train: twice, test: twice, hashes: {} };
  const { train, test } = await binarized(source, atOnce);
  const x = bytesOf(train);
  expect(x.subarray(0, 784)).not.toEqual(x.subarray(784));
  expect(x).not.toEqual(bytesOf(test!));
});

test("a pixel is white with probability v / 255", async () => {
  const count = 200;
  const grey = { count, columns: { x: new Uint8Array(100 * count).fill(64) } };
  const { train } = await binarized({ fields: imageFields([10, 10, 1]), train: grey, hashes: {} }, atOnce);
  const ones = bytesOf(train).filter((v) => v === 255).length;
  expect(bytesOf(train).every((v) => v === 0 || v === 255)).toBe(true);
  const p = 64 / 255;
  expect(Math.abs(ones / 20_000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000)); // failure rate 6e-5
});

test("an image keeps its draw, however many are held out or used", async () => {
  const all = await staticDigits({ validation: 10 });
  const source = Uint8Array.from([...bytesOf(all.train), ...bytesOf(all.validation)]);
  const other = await staticDigits({ validation: 25 });
  expect(Uint8Array.from([...bytesOf(other.train), ...bytesOf(other.validation)])).toEqual(source);
  const limited = await staticDigits({ validation: 25, limit: 5 });
  expect(bytesOf(limited.validation)).toEqual(bytesOf(other.validation).slice(0, 5 * 784));
  expect(bytesOf(limited.test)).toEqual(bytesOf(all.test).slice(0, 5 * 784));
});
