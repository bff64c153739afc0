import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { type CifarImages, parseCifar } from "./cifar.ts";
import type { SourceData } from "./dataset.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields, imageSplit } from "./images.ts";
import { readInput } from "./readInput.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, stopIfAborted } from "./source.ts";

const summary = "your own images in the binary format of CIFAR-10 and CIFAR-100, 32x32 RGB";

/** The user's own files in the format of CIFAR. */
export const cifarFiles = defineSource({
  schema: z.strictObject({
    name: z.literal("cifar").describe(summary),
    path: z
      .string()
      .min(1)
      .describe(
        ".bin file, or folder of them, where test*.bin are test images; relative to the working directory",
      ),
    testPath: z.string().min(1).optional().describe(".bin file of test images, or folder of them"),
    ...changeSettings,
    ...ownFilesSettings,
  }),
  summary,
  load: readCifar,
  ...ownFilesOnly("cifar"),
});

interface CifarSettings {
  readonly path: string;
  readonly testPath?: string | undefined;
}

async function readCifar({ path, testPath }: CifarSettings, context: LoadContext): Promise<SourceData> {
  const files = await binFiles(path, "path");
  const isTest = (file: string) => basename(file).startsWith("test");
  const own = files.some((file) => !isTest(file)) ? files.filter(isTest) : [];
  if (own.length > 0 && testPath !== undefined) {
    throw new VaeError(
      "usage",
      `${own[0]} has test images, and so has dataset.testPath, ${testPath}: leave one of them out.`,
    );
  }
  const hashes: Record<string, string> = {};
  const train = await readFiles(
    files.filter((file) => !own.includes(file)),
    hashes,
    context,
  );
  const testFiles = testPath === undefined ? own : await binFiles(testPath, "testPath");
  const test = testFiles.length > 0 ? await readFiles(testFiles, hashes, context) : undefined;
  const classCount =
    1 + [...train.labels, ...(test?.labels ?? [])].reduce((most, label) => Math.max(most, label), 0);
  const names = await classNames(files[0]!);
  return {
    fields: imageFields([32, 32, 3], names.length >= classCount ? names : classCount),
    train: imageSplit(train.count, train.pixels, train.labels),
    ...(test && { test: imageSplit(test.count, test.pixels, test.labels) }),
    hashes,
  };
}

async function binFiles(path: string, setting: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files = (await readdir(path)).filter((name) => name.endsWith(".bin")).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
  } catch (error) {
    throw fileError(`dataset.${setting} is ${path}, which cannot be read`, error, "usage");
  }
  throw new VaeError("usage", `${path} holds no .bin files. Accepted: those of CIFAR's binary version.`);
}

async function readFiles(
  files: readonly string[],
  hashes: Record<string, string>,
  context: LoadContext,
): Promise<CifarImages> {
  const parts: CifarImages[] = [];
  for (const file of files) {
    stopIfAborted(context);
    const bytes = await readInput(file, `Cannot read ${file}`);
    hashes[file] = createHash("sha256").update(bytes).digest("hex");
    parts.push(parseCifar(bytes, file));
  }
  return joinedImages(parts);
}

/** The images of several files, one after the other. */
export function joinedImages(parts: readonly CifarImages[]): CifarImages {
  const join = (of: "labels" | "pixels") => new Uint8Array(Buffer.concat(parts.map((part) => part[of])));
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    labels: join("labels"),
    pixels: join("pixels"),
  };
}

/** From the file that lies beside those of CIFAR, if it does. */
async function classNames(file: string): Promise<string[]> {
  for (const name of ["batches.meta.txt", "fine_label_names.txt"]) {
    const text = await readFile(join(dirname(file), name), "utf8").catch(() => "");
    const names = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    if (names.length > 0) return names;
  }
  return [];
}
