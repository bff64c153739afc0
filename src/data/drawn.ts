import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { type DataDirs, findFile, sha256, sweepLeftovers, writableFolder } from "./cache.ts";
import type { Column, Split } from "./dataset.ts";
import { type Field, type Fields, fieldSize } from "./field.ts";
import { MAX_FILE_BYTES } from "./readInput.ts";
import { commonSettings, type DatasetSource, type LoadContext, turnsOf } from "./source.ts";

const splitNames = ["train", "test"] as const;
type SplitName = (typeof splitNames)[number];

/** By their names, as `sha256sum -c SHA256SUMS` checks them. */
type Files = Readonly<Record<string, Uint8Array>>;

/** Images that this program draws by some settings, and how they are kept: each field of a split in a file of its own. */
export interface Drawing {
  /** The folder of the files: another one wherever they are others. */
  readonly key: string;
  readonly fields: Fields;
  readonly counts: Readonly<Record<SplitName, number>>;
  /** Images `from` … `from + count` − 1 of a split. */
  draw(wanted: { readonly split: SplitName; readonly from: number; readonly count: number }): Split;
  fileName(split: SplitName, field: Field): string;
  /** A file of row-major values, and what it holds. */
  encode(shape: readonly number[], values: Column): Uint8Array;
  decode(bytes: Uint8Array, fileName: string): Column;
}

/** The settings of such a dataset; by default it has so many images. */
export const drawnSettings = ({ train, test }: Drawing["counts"]) => ({
  seed: z.int().min(0).default(0).describe("which images to draw (table: which rows)"),
  trainCount: imageCount
    .default(train)
    .describe("how many training images to draw (shapes: 20000 by default)"),
  testCount: imageCount.default(test).describe("how many test images to draw (shapes: 2000 by default)"),
  ...commonSettings,
});

const imageCount = z.int().min(1).max(2_000_000);

/** A source whose images are drawn once, and then read. */
export function defineDrawn<Schema extends z.ZodObject>(
  { name, schema, summary }: Pick<DatasetSource<Schema>, "schema" | "summary"> & { readonly name: string },
  drawingOf: (settings: z.output<Schema>) => Drawing,
): DatasetSource<Schema> {
  const byDefault = () => drawingOf(schema.parse({ name }));
  return {
    schema,
    summary,
    inRandomOrder: true,
    async load(settings, { dataDirs, ...context }) {
      const drawing = drawingOf(settings);
      await sweepLeftovers(dataDirs, name);
      refuseTooMany(drawing);
      let files = (await readKept(name, drawing, dataDirs))?.files;
      if (files === undefined) {
        files = await draw(name, drawing, context);
        // Without a folder to keep them, the images are drawn again the next time; this run has them all the same.
        await keep(name, drawing, files, dataDirs).catch(() => {});
      }
      const { fields } = drawing;
      return {
        fields,
        train: splitOf(files, "train", drawing),
        test: splitOf(files, "test", drawing),
        hashes: sums(files),
      };
    },
    async inventory(dirs) {
      const drawing = byDefault();
      const files = await Promise.all(
        fileNames(drawing).map(async (file) => {
          const path = await findFile(dirs, name, [join(drawing.key, file)]);
          return path === undefined ? { name: file } : { name: file, path };
        }),
      );
      return { licence: "MIT", downloadBytes: 0, files };
    },
    async fetch({ dataDirs, ...context }, { force }) {
      const drawing = byDefault();
      const kept = force ? undefined : await readKept(name, drawing, dataDirs);
      if (!kept) await writableFolder(dataDirs, name); // told before they are drawn
      const files = kept?.files ?? (await draw(name, drawing, context));
      const folder = kept?.folder ?? (await keep(name, drawing, files, dataDirs));
      return fileNames(drawing).map((file) => ({
        name: file,
        path: join(folder, file),
        bytes: files[file]!.length,
        status: kept === undefined ? "drawn" : "present",
      }));
    },
  };
}

const fileNames = ({ fields, fileName }: Drawing) =>
  splitNames.flatMap((split) => Object.values(fields).map((field) => fileName(split, field)));

function splitOf(files: Files, split: SplitName, { fields, counts, fileName, decode }: Drawing): Split {
  const columns = Object.values(fields).map((field): [string, Column] => {
    const file = fileName(split, field);
    return [field.name, decode(files[file]!, file)];
  });
  return { count: counts[split], columns: Object.fromEntries(columns) };
}

const bytesPerValue = ({ kind }: Field) => (kind === "real" ? 4 : 1);

/** Refuses images that do not fit: as they are drawn, as a file has them, and in the memory that threads share. */
function refuseTooMany({ fields, counts: { train, test } }: Drawing): void {
  const sizes = Object.values(fields).map((field) => fieldSize(field) * bytesPerValue(field));
  const longest = Math.max(train, test) * Math.max(...sizes) + MAX_HEADER_BYTES;
  const bytes = 3 * (train + test) * sizes.reduce((sum, size) => sum + size, 0);
  const told = `dataset.trainCount is ${train} and dataset.testCount ${test}, for which it takes`;
  if (bytes > memoryLimit()) {
    throw new VaeError(
      "usage",
      `${told} at least ${formatBytes(bytes)} of memory; there are ${formatBytes(memoryLimit())}. Draw fewer.`,
    );
  }
  if (longest > MAX_FILE_BYTES) {
    throw new VaeError(
      "usage",
      `${told} a file of ${formatBytes(longest)}; Node reads up to ${formatBytes(MAX_FILE_BYTES)} at once. Draw fewer.`,
    );
  }
}

/** Of a file's values, with room to spare. */
const MAX_HEADER_BYTES = 128;

/** Drawn at a time; between two of them an interruption is heard. */
const PART = 100;

async function draw(
  name: string,
  drawing: Drawing,
  context: Pick<LoadContext, "onProgress" | "signal">,
): Promise<Files> {
  const { counts, fields } = drawing;
  const total = counts.train + counts.test;
  const turn = turnsOf(context);
  let done = 0;
  const report = () => context.onProgress({ label: `drawing ${name}`, done, total, unit: "images" });
  report();
  const files: Record<string, Uint8Array> = {};
  for (const split of splitNames) {
    const { columns } = emptySplit(fields, counts[split]);
    for (let from = 0; from < counts[split]; from += PART) {
      await turn();
      const drawn = drawing.draw({ split, from, count: Math.min(PART, counts[split] - from) });
      for (const field of Object.values(fields)) {
        columns[field.name]!.set(drawn.columns[field.name]!, from * fieldSize(field));
      }
      done += drawn.count;
      report();
    }
    for (const field of Object.values(fields)) {
      const shape = [counts[split], ...field.shape];
      files[drawing.fileName(split, field)] = drawing.encode(shape, columns[field.name]!);
    }
  }
  return files;
}

function emptySplit(fields: Fields, count: number): Split {
  const columns = Object.values(fields).map((field): [string, Column] => {
    const length = count * fieldSize(field);
    return [field.name, field.kind === "real" ? new Float32Array(length) : new Uint8Array(length)];
  });
  return { count, columns: Object.fromEntries(columns) };
}

/** Writes the files and then, as the sign that they are complete, their sums. Returns the folder. */
async function keep(name: string, { key }: Drawing, files: Files, dirs: DataDirs): Promise<string> {
  const folder = join(await writableFolder(dirs, name), key);
  for (const [file, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, file), bytes);
  const lines = Object.entries(sums(files)).map(([file, sum]) => `${sum}  ${file}\n`);
  await writeFileAtomic(join(folder, "SHA256SUMS"), lines.join(""));
  return folder;
}

/** What `keep` wrote, or nothing if any of it is missing or damaged: drawing anew is the remedy for both. */
async function readKept(
  name: string,
  drawing: Drawing,
  dirs: DataDirs,
): Promise<{ folder: string; files: Files } | undefined> {
  const sumsPath = await findFile(dirs, name, [join(drawing.key, "SHA256SUMS")]);
  if (sumsPath === undefined) return undefined;
  const folder = dirname(sumsPath);
  try {
    const expected = await readFile(sumsPath, "utf8");
    const contents = await Promise.all(
      fileNames(drawing).map(async (file) => [file, await readFile(join(folder, file))] as const),
    );
    const files = Object.fromEntries(contents);
    const intact = Object.entries(sums(files)).every(([file, sum]) => expected.includes(`${sum}  ${file}\n`));
    return intact ? { folder, files } : undefined;
  } catch {
    return undefined;
  }
}

const sums = (files: Files): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, sha256(bytes)]));
