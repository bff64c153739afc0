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
  type DrawnSplit,
  generateDigits,
} from "./digits.ts";
import { fieldSize } from "./field.ts";
import { encodeIdx, parseIdx, splitOf } from "./idx.ts";
import { imageFields } from "./images.ts";
import { commonSettings, defineSource, type LoadContext } from "./source.ts";

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
  async load(config, context) {
    await sweepLeftovers(context.dataDirs, "digits");
    refuseTooMany(config);
    let files = (await readKept(config, context.dataDirs))?.files;
    if (files === undefined) {
      files = draw(config, context);
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
    const files = kept?.files ?? draw(settings, context);
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

function draw({ seed, trainCount, testCount }: Settings, { onProgress }: LoadContext): Files {
  const total = trainCount + testCount;
  const report = (done: number) => onProgress({ label: "drawing digits", done, total, unit: "images" });
  report(0);
  const train = generateDigits({ seed, split: "train", count: trainCount, onProgress: report });
  const test = generateDigits({
    seed,
    split: "test",
    count: testCount,
    onProgress: (done) => report(trainCount + done),
  });
  const images = ({ count, columns }: DrawnSplit) => encodeIdx({ dims: [count, 28, 28], data: columns.x });
  const labels = ({ count, columns }: DrawnSplit) => encodeIdx({ dims: [count], data: columns.label });
  return {
    "train-images-idx3-ubyte": images(train),
    "train-labels-idx1-ubyte": labels(train),
    "t10k-images-idx3-ubyte": images(test),
    "t10k-labels-idx1-ubyte": labels(test),
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
