import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { type DataDirs, findFile, sha256, sweepLeftovers, writableFolder } from "./cache.ts";
import type { Split } from "./dataset.ts";
import {
  DIGITS_CLASS_NAMES,
  DIGITS_SHAPE,
  DIGITS_TEST_COUNT,
  DIGITS_TRAIN_COUNT,
  DIGITS_VERSION,
  generateDigits,
} from "./digits.ts";
import { fieldSize } from "./field.ts";
import { encodeIdx, parseIdx, splitOf } from "./idx.ts";
import { imageFields } from "./images.ts";
import { commonSettings, defineSource, type LoadContext, turnsOf } from "./source.ts";

const summary = "digits drawn by this program, no download";

/** Their file is then shorter than the 2 GiB that Node reads at once. */
const MAX_COUNT = 2_000_000;

const schema = z.strictObject({
  name: z.literal("digits").describe(summary),
  seed: z.int().min(0).default(0).describe("which digits to draw"),
  trainCount: z
    .int()
    .min(1)
    .max(MAX_COUNT)
    .default(DIGITS_TRAIN_COUNT)
    .describe("how many training images to draw"),
  testCount: z
    .int()
    .min(1)
    .max(MAX_COUNT)
    .default(DIGITS_TEST_COUNT)
    .describe("how many test images to draw"),
  ...commonSettings,
});

type Settings = Pick<z.output<typeof schema>, "seed" | "trainCount" | "testCount">;

/** The four files by name, as `sha256sum -c SHA256SUMS` checks them. */
type Files = Record<(typeof fileNames)[number], Uint8Array>;
const fileNames = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** The built-in dataset. Drawn once, then kept as IDX files. */
export const drawnDigits = defineSource({
  schema,
  summary,
  isDrawn: true,
  async load(config, context) {
    await sweepLeftovers(context.dataDirs, "digits");
    refuseTooMany(config);
    let files = (await readKept(config, context.dataDirs))?.files;
    if (files === undefined) {
      files = await draw(config, context);
      // Without a folder to keep them, the digits are drawn again the next time; this run has them all the same.
      await keep(files, config, context.dataDirs).catch(() => {});
    }
    const split = (images: keyof Files, labels: keyof Files): Split =>
      splitOf(parseIdx(files[images], images), parseIdx(files[labels], labels));
    return {
      fields: imageFields(DIGITS_SHAPE, DIGITS_CLASS_NAMES),
      train: split("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
      test: split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
      hashes: sums(files),
    };
  },
  async inventory(dirs) {
    const key = cacheKey(schema.parse({ name: "digits" }));
    const files = await Promise.all(
      fileNames.map(async (name) => {
        const path = await findFile(dirs, "digits", [join(key, name)]);
        return path === undefined ? { name } : { name, path };
      }),
    );
    return { licence: "MIT", downloadBytes: 0, files };
  },
  async fetch(context, { force }) {
    const settings = schema.parse({ name: "digits" });
    const kept = force ? undefined : await readKept(settings, context.dataDirs);
    if (!kept) await writableFolder(context.dataDirs, "digits"); // told before they are drawn
    const files = kept?.files ?? (await draw(settings, context));
    const folder = kept?.folder ?? (await keep(files, settings, context.dataDirs));
    return fileNames.map((name) => ({
      name,
      path: join(folder, name),
      bytes: files[name].length,
      status: kept === undefined ? "drawn" : "present",
    }));
  },
});

/** Refuses digits that do not fit: as they are drawn, as a file has them, and in the memory that threads share. */
function refuseTooMany({ trainCount, testCount }: Settings): void {
  const bytes = 3 * (trainCount + testCount) * (fieldSize({ shape: DIGITS_SHAPE }) + 1);
  if (bytes <= memoryLimit()) return;
  throw new VaeError(
    "usage",
    `dataset.trainCount is ${trainCount} and dataset.testCount ${testCount}, for which it takes at least ` +
      `${formatBytes(bytes)} of memory; there are ${formatBytes(memoryLimit())}. Draw fewer.`,
  );
}

/** Drawn at a time; between two of them an interruption is heard. */
const PART = 100;

const [H, W] = DIGITS_SHAPE;

async function draw({ seed, trainCount, testCount }: Settings, context: LoadContext): Promise<Files> {
  const total = trainCount + testCount;
  const turn = turnsOf(context);
  let done = 0;
  const report = () => context.onProgress({ label: "drawing digits", done, total, unit: "images" });
  report();
  const drawSplit = async (split: "train" | "test", count: number) => {
    const images = new Uint8Array(count * H * W);
    const labels = new Uint8Array(count);
    for (let from = 0; from < count; from += PART) {
      await turn();
      const part = generateDigits({ seed, split, from, count: Math.min(PART, count - from) });
      images.set(part.columns.x, from * H * W);
      labels.set(part.columns.label, from);
      done += part.count;
      report();
    }
    return {
      images: encodeIdx({ dims: [count, H, W], data: images }),
      labels: encodeIdx({ dims: [count], data: labels }),
    };
  };
  const train = await drawSplit("train", trainCount);
  const test = await drawSplit("test", testCount);
  return {
    "train-images-idx3-ubyte": train.images,
    "train-labels-idx1-ubyte": train.labels,
    "t10k-images-idx3-ubyte": test.images,
    "t10k-labels-idx1-ubyte": test.labels,
  };
}

/** Writes the files and then, as the sign that they are complete, their sums. Returns the folder. */
async function keep(files: Files, settings: Settings, dirs: DataDirs): Promise<string> {
  const folder = join(await writableFolder(dirs, "digits"), cacheKey(settings));
  for (const name of fileNames) await writeFileAtomic(join(folder, name), files[name]);
  const lines = Object.entries(sums(files)).map(([name, sum]) => `${sum}  ${name}\n`);
  await writeFileAtomic(join(folder, "SHA256SUMS"), lines.join(""));
  return folder;
}

/** What `keep` wrote, or nothing if any of it is missing or damaged: drawing anew is the remedy for both. */
async function readKept(
  settings: Settings,
  dirs: DataDirs,
): Promise<{ folder: string; files: Files } | undefined> {
  const sumsPath = await findFile(dirs, "digits", [join(cacheKey(settings), "SHA256SUMS")]);
  if (sumsPath === undefined) return undefined;
  const folder = dirname(sumsPath);
  try {
    const expected = await readFile(sumsPath, "utf8");
    const contents = await Promise.all(fileNames.map((name) => readFile(join(folder, name))));
    const files = Object.fromEntries(fileNames.map((name, i) => [name, contents[i]!])) as unknown as Files;
    const intact = Object.entries(sums(files)).every(([name, sum]) => expected.includes(`${sum}  ${name}\n`));
    return intact ? { folder, files } : undefined;
  } catch {
    return undefined;
  }
}

function cacheKey({ seed, trainCount, testCount }: Settings): string {
  return `version${DIGITS_VERSION}-seed${seed}-${trainCount}+${testCount}`;
}

function sums(files: Files): Record<string, string> {
  return Object.fromEntries(fileNames.map((name) => [name, sha256(files[name])]));
}
