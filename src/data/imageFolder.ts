import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { z } from "zod";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import type { SourceData, Split } from "./dataset.ts";
import { type ImageSize, MAX_IMAGE_BYTES } from "./imageFormat.ts";
import { decodeImage, IMAGE_FORMATS, imageSizeOf, isImageName } from "./imageFormats.ts";
import { imageFields, imageSplit } from "./images.ts";
import { readInput } from "./readInput.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, turnsOf } from "./source.ts";

const summary = `a folder of your own ${IMAGE_FORMATS} images, subfolders are classes`;

/** The user's own images. Subfolders, one level deep, are classes. */
export const imageFolder = defineSource({
  schema: z.strictObject({
    name: z.literal("images").describe(summary),
    path: z
      .string()
      .min(1)
      .describe(
        `folder of ${IMAGE_FORMATS} images of one size (npz: .npz or .npy file, pairs: either); relative to the working directory`,
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
    ...ownFilesSettings,
  }),
  summary,
  load: readImages,
  ...ownFilesOnly("images"),
});

interface FolderSettings {
  readonly path: string;
  readonly testPath?: string | undefined;
  readonly channels?: 1 | 3 | undefined;
}

/** A folder of images as a source. */
export async function readImages(
  { path, testPath, channels: wanted }: FolderSettings,
  context: LoadContext,
): Promise<SourceData> {
  const train = await readFolder(path, context);
  const test = testPath === undefined ? undefined : await readFolder(testPath, context, train);
  const channels = wanted ?? (train.isGray && (test?.isGray ?? true) ? 1 : 3);
  const hashes = { [path]: train.hash, ...(test && { [testPath!]: test.hash }) };
  return {
    fields: imageFields([train.height, train.width, channels], train.classNames ?? test?.classNames?.length),
    train: await toSplit(train, channels, context),
    ...(test && { test: await toSplit(test, channels, context) }),
    hashes,
  };
}

/** The images of one folder, all as RGB until it is known whether any has colours. */
interface Folder {
  readonly height: number;
  readonly width: number;
  readonly firstFile: string;
  readonly rgb: readonly Uint8Array[];
  readonly isGray: boolean;
  readonly classNames?: readonly string[];
  readonly labels?: Uint8Array;
  readonly hash: string;
}

interface ImageFile {
  /** Below the folder, with forward slashes. */
  readonly name: string;
  readonly label: number;
}

async function readFolder(folder: string, context: LoadContext, like?: Folder): Promise<Folder> {
  const { files, classNames, left } = await listImages(folder, like?.classNames);
  for (const text of left) context.warn?.(text);
  let { height, width, firstFile } = like ?? { height: 0, width: 0, firstFile: "" };
  const hash = createHash("sha256");
  const rgb: Uint8Array[] = [];
  let isGray = true;
  const turn = turnsOf(context);
  for (const [i, { name }] of files.entries()) {
    await turn();
    const path = join(folder, name);
    const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_IMAGE_BYTES });
    hash.update(`${name}\n${bytes.length}\n`).update(bytes);
    const size = imageSizeOf(bytes, path);
    if (firstFile === "") ({ height, width, firstFile } = { ...size, firstFile: path });
    if (i === 0) checkMemory(folder, files.length, size);
    if (size.height !== height || size.width !== width) {
      throw new VaeError(
        "failure",
        `${path} is ${size.width}x${size.height}, but ${firstFile} is ${width}x${height} (width x height). ` +
          "All images must have one size: resize or remove the odd one.",
      );
    }
    const image = await decodeImage(bytes, path);
    rgb.push(image.rgb);
    isGray &&= image.isGray;
    context.onProgress({ label: `reading ${folder}`, done: i + 1, total: files.length, unit: "images" });
  }
  return {
    height,
    width,
    firstFile,
    rgb,
    isGray,
    ...(classNames && { classNames, labels: Uint8Array.from(files, ({ label }) => label) }),
    hash: hash.digest("hex"),
  };
}

/** Refuses a folder whose images do not fit, before they are decoded. */
function checkMemory(folder: string, count: number, { width, height }: ImageSize): void {
  const bytes = count * width * height * BYTES_PER_PIXEL;
  if (bytes <= memoryLimit()) return;
  throw new VaeError(
    "failure",
    `${folder} holds ${count} images of ${width}x${height} (width x height), for which it takes at least ` +
      `${formatBytes(bytes)} of memory; there are ${formatBytes(memoryLimit())}. Make the images smaller, or keep fewer.`,
  );
}

/** Of what is held at a time: the image as RGB, and as grey for the splits, which are copied to shared memory. */
const BYTES_PER_PIXEL = 3 + 1 + 1;

/** The names below the folder, with forward slashes, in the order in which the images are used. */
export const imageNames = async (folder: string): Promise<string[]> =>
  (await listImages(folder)).files.map(({ name }) => name);

/** The images of a folder in the order in which they are used, and the classes if there are subfolders. */
async function listImages(
  folder: string,
  trainClasses?: readonly string[],
): Promise<{ files: ImageFile[]; classNames?: readonly string[]; left: string[] }> {
  const top = await listFolder(folder, folder);
  if (top.images.length > 0 && top.folders.length > 0) {
    throw new VaeError(
      "failure",
      `${folder} has both images (${top.images[0]}) and subfolders (${top.folders[0]}). ` +
        "Accepted: images without classes, or one subfolder of images for each class.",
    );
  }
  const left = leftOut(folder, OTHERS, top.others);
  if (top.images.length > 0) return { files: top.images.map((name) => ({ name, label: 0 })), left };

  const classNames = trainClasses ?? top.folders;
  if (classNames.length > 256) {
    throw new VaeError(
      "failure",
      `${folder} has ${classNames.length} subfolders. Accepted: at most 256 classes.`,
    );
  }
  const byClass = await Promise.all(
    top.folders.map(async (name) => {
      const label = classNames.indexOf(name);
      if (label < 0) {
        throw new VaeError(
          "failure",
          `${join(folder, name)} is a class that the training images do not have: ${classNames.join(", ")}.`,
        );
      }
      const path = join(folder, name);
      const { images, folders, others } = await listFolder(path, folder);
      if (images.length === 0) left.push(`${path} is a class without images.`);
      left.push(...leftOut(path, OTHERS, others));
      left.push(...leftOut(path, "folders below a class", folders));
      return images.map((image) => ({ name: `${name}/${image}`, label }));
    }),
  );
  const files = interleave(byClass);
  if (files.length === 0) throw new VaeError("usage", `${folder} holds no ${IMAGE_FORMATS} images.`);
  return { files, classNames, left: left.toSorted() };
}

const OTHERS = `files that are no ${IMAGE_FORMATS} images`;

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

async function toSplit({ rgb, labels }: Folder, channels: 1 | 3, context: LoadContext): Promise<Split> {
  const count = rgb.length;
  const size = (rgb[0]!.length / 3) * channels;
  const pixels = new Uint8Array(count * size);
  const turn = turnsOf(context);
  for (const [i, image] of rgb.entries()) {
    pixels.set(channels === 3 ? image : luma(image), i * size);
    await turn();
  }
  return imageSplit(count, pixels, labels);
}

/** Brightness by ITU-R BT.601; of a grey image, the grey itself. */
function luma(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, i) =>
    Math.round(0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!),
  );
}
