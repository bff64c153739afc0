import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { z } from "zod";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { type SourceData, sharedColumn } from "./dataset.ts";
import { type Grouping, groupsOf } from "./groups.ts";
import { changeSettings, type FitSettings, targetOf, thrice } from "./imageChanges.ts";
import { type ImageSize, MAX_IMAGE_BYTES, type RgbImage } from "./imageFormat.ts";
import { IMAGE_FORMATS, imageSizeOf, isImageName } from "./imageFormats.ts";
import { type ImagesPlan, readAll } from "./imagePieces.ts";
import { imageFields, imageSplit } from "./images.ts";
import type { RangeSettings } from "./pixelRange.ts";
import { readInput } from "./readInput.ts";
import { MAX_RESIZED_PIXELS, type Target } from "./resize.ts";
import { keepResized, type Levels, readResized } from "./resizedImages.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, turnsOf } from "./source.ts";

const summary = `a folder of your own ${IMAGE_FORMATS} images, subfolders are classes`;

/** The user's own images. Each subfolder that has images, at any depth, is a class. */
export const imageFolder = defineSource({
  schema: z.strictObject({
    name: z.literal("images").describe(summary),
    path: z
      .string()
      .min(1)
      .describe(
        `folder of ${IMAGE_FORMATS} images (npz: .npz or .npy file, pairs: either, table: CSV, TSV or .npz file); relative to the working directory`,
      ),
    testPath: z
      .string()
      .min(1)
      .optional()
      .describe("the same of test images (default: held out of the images of `path`)"),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .optional()
      .describe("1 (grey) or 3 (RGB) (default: 1 if all images are grey, otherwise 3)"),
    ...changeSettings,
    ...ownFilesSettings,
  }),
  summary,
  load: readImages,
  ...ownFilesOnly("images"),
});

interface FolderSettings extends FitSettings, Pick<RangeSettings, "range"> {
  readonly path: string;
  readonly testPath?: string | undefined;
  readonly channels?: 1 | 3 | undefined;
  readonly split: Grouping;
}

/** A folder of images as a source. */
export async function readImages(
  { path, testPath, channels, split, range, ...settings }: FolderSettings,
  context: LoadContext,
): Promise<SourceData> {
  // Levels are resized, so that nothing between 0 and 1 is lost where 1 is white; which are levels is known after reading.
  const how = { channels, range, target: range === undefined ? targetOf(settings) : undefined };
  const train = await readFolder(path, how, context);
  const test = testPath === undefined ? undefined : await readFolder(testPath, how, context, train);
  const { height, width } = train;
  const most = Math.max(train.channels, test?.channels ?? 1) as 1 | 3;
  const is16Bit = [train, test].some((folder) => folder?.pixels instanceof Uint16Array);
  const toSplit = ({ count, pixels, channels, labels }: Folder) => {
    const levels = is16Bit ? as16Bits(pixels) : pixels;
    return imageSplit(count, channels === most ? levels : thrice(levels), labels);
  };
  const groups = groupsOf(train.names, split);
  return {
    fields: imageFields([height, width, most], train.classNames ?? test?.classNames?.length),
    train: toSplit(train),
    ...(test && { test: toSplit(test) }),
    ...(groups && { groups }),
    hashes: { [path]: train.hash, ...(test && { [testPath!]: test.hash }) },
  };
}

interface How extends Pick<RangeSettings, "range"> {
  readonly channels: 1 | 3 | undefined;
  readonly target: Target | undefined;
}

/** The images of one folder. */
interface Folder extends Pixels {
  readonly firstFile: string;
  readonly names: readonly string[];
  readonly classNames?: readonly string[];
  readonly labels?: Uint8Array;
  readonly hash: string;
}

/**
 * Images [count, height, width, channels] in shared memory: grey where all of them are, unless channels are asked for, and of
 * 16 bits where any has them.
 */
interface Pixels extends ImageSize {
  readonly count: number;
  readonly channels: 1 | 3;
  readonly pixels: Levels;
}

async function readFolder(folder: string, how: How, context: LoadContext, like?: Folder): Promise<Folder> {
  const { files, classNames, left } = await listImages(folder, like?.classNames);
  for (const text of left) context.warn?.(text);
  const names = files.map(({ name }) => name);
  const { hash, bytes, first } = await hashOf(folder, names, how, context);
  const firstFile = like?.firstFile ?? join(folder, names[0]!);
  const size = how.target ?? like ?? first;
  checkMemory(folder, names.length, size);
  const pixels = await keptOr(how, hash, names.length, context, () =>
    decode({ folder, names, target: how.target }, { ...how, bytes, firstFile, size }, context),
  );
  return {
    ...pixels,
    firstFile,
    names,
    ...(classNames && { classNames, labels: Uint8Array.from(files, ({ label }) => label) }),
    hash,
  };
}

/** sha256 over names and contents, the bytes of all files, and the size of the first image. */
async function hashOf(folder: string, names: readonly string[], { target }: How, context: LoadContext) {
  const turn = turnsOf(context);
  const hash = createHash("sha256");
  let total = 0;
  let first: ImageSize | undefined;
  for (const [i, name] of names.entries()) {
    await turn();
    const path = join(folder, name);
    const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_IMAGE_BYTES });
    hash.update(`${name}\n${bytes.length}\n`).update(bytes);
    total += bytes.length;
    first ??= imageSizeOf(bytes, path, target && MAX_RESIZED_PIXELS);
    context.onProgress({ label: `looking at ${folder}`, done: i + 1, total: names.length, unit: "images" });
  }
  return { hash: hash.digest("hex"), bytes: total, first: first! };
}

/** Resized images are kept; others are decoded as fast as they could be read. */
async function keptOr(
  { target, channels }: How,
  hash: string,
  count: number,
  { dataDirs }: LoadContext,
  make: () => Promise<Pixels>,
): Promise<Pixels> {
  if (!target) return make();
  const key = { hash, target, channels };
  const kept = await readResized(dataDirs, key, count);
  if (kept) {
    const { width, height } = target;
    return { width, height, count, channels: kept.length === count * width * height ? 1 : 3, pixels: kept };
  }
  const made = await make();
  await keepResized(dataDirs, key, made.pixels);
  return made;
}

interface Expected extends How {
  readonly bytes: number;
  readonly size: ImageSize;
  readonly firstFile: string;
}

async function decode(
  plan: ImagesPlan,
  { bytes, size: { width, height }, firstFile, range, channels: wanted }: Expected,
  context: LoadContext,
): Promise<Pixels> {
  const { folder, names } = plan;
  const count = names.length;
  const turn = turnsOf(context);
  const channels = wanted ?? 3;
  const length = width * height * channels;
  let pixels: Levels = new Uint8Array(new SharedArrayBuffer(count * length));
  let isGray = true;
  let i = 0;
  for await (const image of readAll(plan, bytes)) {
    await turn();
    if (image.height !== height || image.width !== width) {
      const remedy =
        range === undefined ? "set dataset.size" : "leave out dataset.range and set dataset.size";
      throw new VaeError(
        "failure",
        `${join(folder, names[i]!)} is ${image.width}x${image.height}, but ${firstFile} is ${width}x${height} (width x height). ` +
          `All images must have one size: resize or remove the odd one, or ${remedy}, such as ${Math.min(width, height)}.`,
      );
    }
    if (image.rgb instanceof Uint16Array && pixels instanceof Uint8Array) {
      checkMemory(folder, count, { width, height }, 2);
      pixels = as16Bits(pixels);
    }
    writeImage(image, channels, pixels.subarray(i * length, (i + 1) * length));
    isGray &&= image.isGray;
    context.onProgress({ label: `reading ${folder}`, done: ++i, total: count, unit: "images" });
  }
  if (wanted !== undefined || !isGray) return { width, height, count, channels, pixels };
  return { width, height, count, channels: 1, pixels: firstOfThree(pixels) };
}

/** Refuses a folder whose images do not fit, before they are decoded. */
function checkMemory(folder: string, count: number, { width, height }: ImageSize, bytesOfValue = 1): void {
  const bytes = count * width * height * VALUES_OF_PIXEL * bytesOfValue;
  if (bytes <= memoryLimit()) return;
  throw new VaeError(
    "failure",
    `${folder} holds ${count} images of ${width}x${height} (width x height), for which it takes at least ` +
      `${formatBytes(bytes)} of memory; there are ${formatBytes(memoryLimit())}. Make the images smaller by dataset.size, or keep fewer.`,
  );
}

/** Of what is held at a time: the images as RGB, and those that are grey once more. */
const VALUES_OF_PIXEL = 3 + 1;

/** The names below the folder, with forward slashes, in the order in which the images are used. */
export const imageNames = async (folder: string): Promise<string[]> =>
  (await listImages(folder)).files.map(({ name }) => name);

interface ImageFile {
  /** Below the folder, with forward slashes. */
  readonly name: string;
  readonly label: number;
}

/** The images of a folder in the order in which they are used, and the classes if there are subfolders. */
async function listImages(
  folder: string,
  trainClasses?: readonly string[],
): Promise<{ files: ImageFile[]; classNames?: readonly string[]; left: string[] }> {
  const left: string[] = [];
  const [top, ...below] = await walk(folder, "", { root: folder, above: [], left, read: new Map() });
  const [first] = top!.images;
  if (first !== undefined) {
    if (below.length === 0) return { files: top!.images.map((name) => ({ name, label: 0 })), left };
    throw new VaeError(
      "failure",
      `${folder} has both images (${first}) and subfolders (${below[0]!.name}). ` +
        "Accepted: images without classes, or one subfolder of images for each class.",
    );
  }
  checkNoParts(folder, below);
  const classNames = trainClasses ?? below.map(({ name }) => name);
  if (classNames.length > 256) {
    throw new VaeError(
      "failure",
      `${folder} has ${classNames.length} subfolders of images. Accepted: at most 256 classes.`,
    );
  }
  const byClass = below.map(({ name, images }) => {
    const label = classNames.indexOf(name);
    if (label >= 0) return images.map((image) => ({ name: `${name}/${image}`, label }));
    throw new VaeError(
      "failure",
      `${join(folder, name)} is a class that the training images do not have: ${classNames.join(", ")}.`,
    );
  });
  const files = interleave(byClass);
  if (files.length === 0) {
    throw new VaeError(
      "usage",
      `${[`${folder} holds no ${IMAGE_FORMATS} images, by the names of its files.`, ...left.toSorted().slice(0, 3)].join(" ")}`,
    );
  }
  return { files, classNames, left: left.toSorted() };
}

const PARTS = /^(train|training|test|testing|val|valid|validation)$/i;

/** Folders that are parts of a dataset are no classes: training would see the test images. */
function checkNoParts(folder: string, below: readonly ImagesOfFolder[]): void {
  const tops = [...new Set(below.map(({ name }) => name.split("/")[0]!))];
  if (tops.length < 2 || !tops.every((name) => PARTS.test(name))) return;
  const [train, test] = ["train", "test"].map((part) =>
    tops.find((name) => name.toLowerCase().startsWith(part)),
  );
  throw new VaeError(
    "usage",
    `${folder} has ${tops.join(", ")}, which are the parts of a dataset and no classes. ` +
      `Set dataset.path to one, such as ${join(folder, train ?? tops[0]!)}` +
      `${test === undefined ? "" : `, and dataset.testPath to ${join(folder, test)}`}. Images for validation are drawn from those of dataset.path.`,
  );
}

interface ImagesOfFolder {
  /** Below the root, with forward slashes. */
  readonly name: string;
  readonly images: readonly string[];
}

interface Walk {
  readonly root: string;
  /** The true paths of the folders that this one is in. */
  readonly above: readonly string[];
  /** Gets what is not read, or twice. */
  readonly left: string[];
  /** The folders so far, by their true paths. */
  readonly read: Map<string, string>;
}

/** A folder, and of all below it those that are classes; links are followed, unless they lead back to where they are from. */
async function walk(
  path: string,
  name: string,
  { root, above, left, read }: Walk,
): Promise<ImagesOfFolder[]> {
  const { images, folders, others } = await listFolder(path, root);
  const truePath = await realpath(path);
  if (above.includes(truePath)) {
    left.push(`${path} is a link to a folder that it is in itself, and is not followed.`);
    return [];
  }
  const before = read.get(truePath);
  if (before === undefined) read.set(truePath, path);
  else
    left.push(
      `${before} and ${path} are one folder, by a link: its images are there twice, and may be in two parts.`,
    );
  left.push(...leftOut(path, `files that are no ${IMAGE_FORMATS} images`, others));
  if (name !== "" && images.length === 0 && folders.length === 0) {
    left.push(`${path} is a class without images.`);
  }
  const found: ImagesOfFolder[] = [];
  for (const folder of folders) {
    const inside = { root, above: [...above, truePath], left, read };
    found.push(...(await walk(join(path, folder), name ? `${name}/${folder}` : folder, inside)));
  }
  const isClass = images.length > 0 || folders.length === 0;
  return name === "" || isClass ? [{ name, images }, ...found] : found;
}

/** What is told of things that are not read, if there are any. */
function leftOut(folder: string, what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 3).join(", ");
  return [
    `${folder}: ${what} are not read, ${names.length} of them: ${some}${names.length > 3 ? ", …" : ""}.`,
  ];
}

interface Listing {
  readonly images: string[];
  readonly folders: string[];
  readonly others: string[];
}

const OTHER_IMAGES = [".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".jxl"];

async function listFolder(path: string, named: string): Promise<Listing> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: Error) => {
    throw fileError(`${named} is not a folder that can be read`, error, "usage");
  });
  const images: string[] = [];
  const folders: string[] = [];
  const others: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (await isFolder(entry, join(path, entry.name))) folders.push(entry.name);
    else if (isImageName(entry.name)) images.push(entry.name);
    else if (OTHER_IMAGES.includes(extname(entry.name).toLowerCase())) {
      throw new VaeError(
        "failure",
        `${join(path, entry.name)}: only ${IMAGE_FORMATS} images are read. Convert or remove it.`,
      );
    } else others.push(entry.name);
  }
  // By code unit, so that the order is the same in every locale.
  return { images: images.sort(), folders: folders.sort(), others: others.sort() };
}

/** Links are followed. */
async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(path).catch((error: Error) => {
    throw fileError(`${path} is a link that leads nowhere`, error);
  });
  return target.isDirectory();
}

/**
 * One order for the images of all classes in which each stretch holds the classes in about their overall shares.
 * Validation and test images are taken from the end, and would otherwise be all of the last class.
 */
function interleave(byClass: readonly (readonly ImageFile[])[]): ImageFile[] {
  return byClass
    .flatMap((files) => files.map((file, i) => ({ file, position: (i + 0.5) / files.length })))
    .sort((a, b) => a.position - b.position || a.file.label - b.file.label)
    .map(({ file }) => file);
}

/** Bytes on the scale of 16 bits, on which white is 65535. */
function as16Bits(pixels: Levels): Uint16Array {
  if (pixels instanceof Uint16Array) return pixels;
  const wide = new Uint16Array(new SharedArrayBuffer(2 * pixels.length));
  for (let i = 0; i < wide.length; i++) wide[i] = 257 * pixels[i]!;
  return wide;
}

function firstOfThree(rgb: Levels): Levels {
  const gray = sharedColumn(rgb, rgb.length / 3) as Levels;
  for (let i = 0; i < gray.length; i++) gray[i] = rgb[3 * i]!;
  return gray;
}

/**
 * Writes an image of the wanted channels, bytes among 16 bits on the scale of those; grey is the brightness by ITU-R BT.601, and
 * of a grey image the grey itself.
 */
function writeImage({ rgb }: RgbImage, channels: 1 | 3, out: Levels): void {
  const scale = out.BYTES_PER_ELEMENT > rgb.BYTES_PER_ELEMENT ? 257 : 1;
  if (channels === 3) {
    if (scale === 1) out.set(rgb);
    else for (let i = 0; i < out.length; i++) out[i] = scale * rgb[i]!;
    return;
  }
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.round(scale * (0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!));
  }
}
