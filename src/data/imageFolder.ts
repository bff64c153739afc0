import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { z } from "zod";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import type { SourceData, Split } from "./dataset.ts";
import { type Grouping, groupsOf } from "./groups.ts";
import { imageFields, imageSplit } from "./images.ts";
import { decodePng, MAX_PNG_BYTES, type PngSize, pngSize } from "./png.ts";
import { readInput } from "./readInput.ts";
import { defineSource, type LoadContext, ownFilesOnly, ownFilesSettings, turnsOf } from "./source.ts";

const summary = "a folder of your own PNG images, subfolders are classes";

/** The user's own images. Each subfolder that has images, at any depth, is a class. */
export const imageFolder = defineSource({
  schema: z.strictObject({
    name: z.literal("images").describe(summary),
    path: z
      .string()
      .min(1)
      .describe(
        "folder of PNG images of one size (npz: .npz or .npy file, pairs: either, table: CSV, TSV or .npz file); relative to the working directory",
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
  readonly split: Grouping;
}

/** A folder of images as a source. */
export async function readImages(
  { path, testPath, channels: wanted, split }: FolderSettings,
  context: LoadContext,
): Promise<SourceData> {
  const train = await readFolder(path, context);
  const test = testPath === undefined ? undefined : await readFolder(testPath, context, train);
  const channels = wanted ?? (train.isGray && (test?.isGray ?? true) ? 1 : 3);
  const hashes = { [path]: train.hash, ...(test && { [testPath!]: test.hash }) };
  const groups = groupsOf(train.names, split);
  return {
    fields: imageFields([train.height, train.width, channels], train.classNames ?? test?.classNames?.length),
    train: await toSplit(train, channels, context),
    ...(test && { test: await toSplit(test, channels, context) }),
    ...(groups && { groups }),
    hashes,
  };
}

/** The images of one folder, all as RGB until it is known whether any has colours. */
interface Folder {
  readonly height: number;
  readonly width: number;
  readonly firstFile: string;
  readonly names: readonly string[];
  readonly rgb: readonly Rgb[];
  readonly isGray: boolean;
  readonly classNames?: readonly string[];
  readonly labels?: Uint8Array;
  readonly hash: string;
}

/** Of 16 bits where its file has them. */
type Rgb = Uint8Array | Uint16Array;

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
  const rgb: Rgb[] = [];
  let isGray = true;
  const turn = turnsOf(context);
  for (const [i, { name }] of files.entries()) {
    await turn();
    const path = join(folder, name);
    const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_PNG_BYTES });
    hash.update(`${name}\n${bytes.length}\n`).update(bytes);
    const size = pngSize(bytes, path);
    if (firstFile === "") ({ height, width, firstFile } = { ...size, firstFile: path });
    if (i === 0) checkMemory(folder, files.length, size);
    if (size.height !== height || size.width !== width) {
      throw new VaeError(
        "failure",
        `${path} is ${size.width}x${size.height}, but ${firstFile} is ${width}x${height} (width x height). ` +
          "All images must have one size: resize or remove the odd one.",
      );
    }
    const image = decodePng(bytes, path);
    rgb.push(image.rgb);
    isGray &&= image.isGray;
    context.onProgress({ label: `reading ${folder}`, done: i + 1, total: files.length, unit: "images" });
  }
  return {
    height,
    width,
    firstFile,
    names: files.map(({ name }) => name),
    rgb,
    isGray,
    ...(classNames && { classNames, labels: Uint8Array.from(files, ({ label }) => label) }),
    hash: hash.digest("hex"),
  };
}

/** Refuses a folder whose images do not fit, before they are decoded. */
function checkMemory(folder: string, count: number, { width, height }: PngSize): void {
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

/** The PNG files of a folder in the order in which they are used, and the classes if there are subfolders. */
async function listImages(
  folder: string,
  trainClasses?: readonly string[],
): Promise<{ files: ImageFile[]; classNames?: readonly string[]; left: string[] }> {
  const left: string[] = [];
  const [top, ...below] = await walk(folder, "", { root: folder, above: [], left });
  const [first] = top!.images;
  if (first !== undefined) {
    if (below.length === 0) return { files: top!.images.map((name) => ({ name, label: 0 })), left };
    throw new VaeError(
      "failure",
      `${folder} has both images (${first}) and subfolders (${below[0]!.name}). ` +
        "Accepted: images without classes, or one subfolder of images for each class.",
    );
  }
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
  if (files.length === 0) throw new VaeError("usage", `${folder} holds no PNG images.`);
  return { files, classNames, left: left.toSorted() };
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
  /** Gets what is not read. */
  readonly left: string[];
}

/** A folder, and of all below it those that are classes; links are followed, unless they lead back to where they are from. */
async function walk(path: string, name: string, { root, above, left }: Walk): Promise<ImagesOfFolder[]> {
  const { images, folders, others } = await listFolder(path, root);
  const truePath = await realpath(path);
  if (above.includes(truePath)) {
    left.push(`${path} is a link to a folder that it is in itself, and is not followed.`);
    return [];
  }
  left.push(...leftOut(path, "files that are no PNG images", others));
  if (name !== "" && images.length === 0 && folders.length === 0) {
    left.push(`${path} is a class without PNG images.`);
  }
  const found: ImagesOfFolder[] = [];
  for (const folder of folders) {
    const inside = { root, above: [...above, truePath], left };
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

async function listFolder(path: string, named: string): Promise<Listing> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: Error) => {
    throw fileError(`${named} is not a folder that can be read`, error, "usage");
  });
  const images: string[] = [];
  const folders: string[] = [];
  const others: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const extension = extname(entry.name).toLowerCase();
    if (await isFolder(entry, join(path, entry.name))) folders.push(entry.name);
    else if (extension === ".png") images.push(entry.name);
    else if ([".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"].includes(extension)) {
      throw new VaeError(
        "failure",
        `${join(path, entry.name)}: only PNG images are read. Convert or remove it.`,
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
  const is16Bit = rgb.some((image) => image instanceof Uint16Array);
  const pixels = new (is16Bit ? Uint16Array : Uint8Array)(count * size);
  const turn = turnsOf(context);
  for (const [i, image] of rgb.entries()) {
    const scale = is16Bit && image instanceof Uint8Array ? 65535 / 255 : 1;
    writeImage(image, channels, scale, pixels.subarray(i * size, (i + 1) * size));
    await turn();
  }
  return imageSplit(count, pixels, labels);
}

/**
 * Writes an image of the wanted channels, its values times `scale`; grey is the brightness by ITU-R BT.601, and of a grey
 * image the grey itself.
 */
function writeImage(rgb: Rgb, channels: 1 | 3, scale: number, out: Rgb): void {
  if (channels === 3) {
    for (let i = 0; i < out.length; i++) out[i] = scale * rgb[i]!;
    return;
  }
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.round(scale * (0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!));
  }
}
