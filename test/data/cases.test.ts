import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { VaeError } from "../../src/base/errors.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { type DatasetName, datasetSchema, loadDataset } from "../../src/data/index.ts";
import { describePixels } from "../../src/data/pixelRange.ts";
import { labelCounts } from "../../src/data/pixelStatistics.ts";
import { crc32 } from "../../src/data/zip.ts";
import { contextIn, folderWith, png } from "./files.ts";
import { bytes, encodeNpy } from "./numpyFiles.ts";
import { pillowImage } from "./pillowImages.ts";

// Data as people have it that is whole, but not what one would take it for: what is said of it, and what comes of it.

interface Case {
  readonly name: DatasetName;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** What links lead to, by their places. */
  readonly links?: Readonly<Record<string, string>>;
  readonly settings?: object;
}

/** Settings whose values are names of files. */
const PATHS = ["path", "conditionPath", "trainImages", "trainLabels"];

/** Each warning, and then what is read, or why it is not. */
async function endOf({ name, files, links = {}, settings = { path: "data" } }: Case): Promise<string[]> {
  const folder = await folderWith(files);
  for (const [place, target] of Object.entries(links)) {
    await mkdir(dirname(join(folder, place)), { recursive: true });
    await symlink(join(folder, target), join(folder, place));
  }
  const given = Object.entries(settings).map(([key, value]) => [
    key,
    PATHS.includes(key) ? join(folder, value) : value,
  ]);
  const told: string[] = [];
  const context = contextIn(folder, { warn: (text) => told.push(text) });
  try {
    const config = datasetSchema.parse({ name, ...Object.fromEntries(given) });
    told.push(summaryOf(await loadDataset(config, context)));
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    told.push(error.message);
  }
  return told.map((text) => text.replaceAll(`${folder}/`, ""));
}

/** Size, classes in the three parts, and pixels. */
function summaryOf({ fields, train, validation, test, pixels }: Dataset): string {
  const parts = [train, validation, test].map(({ count, columns }) => {
    const counts = columns["label"] && labelCounts(columns["label"]).filter((n) => n > 0);
    return counts ? counts.join("+") : String(count);
  });
  return [fields["x"]!.shape.join("x"), parts.join(" | "), describePixels(pixels!)].join("; ");
}

const gray = (level: number) => png(2, 2, [level, level, level]);

/** Grey images of 2x2, of these levels. */
const grays = (levels: readonly number[], folder = "data") =>
  Object.fromEntries(levels.map((level, i) => [`${folder}/${10 + i}.png`, gray(level)]));

/** The same of 16 bits. */
function deep(levels: readonly number[]) {
  const scan = (level: number) => {
    const image = new PNG({ width: 2, height: 2, bitDepth: 16 });
    const data = Uint16Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 65535 : level));
    image.data = Buffer.from(data.buffer);
    return PNG.sync.write(image, { bitDepth: 16 });
  };
  return Object.fromEntries(levels.map((level, i) => [`data/${10 + i}.png`, scan(level)]));
}

const shorts = (dims: readonly number[], levels: readonly number[]) =>
  encodeNpy({
    descr: "<u2",
    dims,
    data: new Uint8Array(
      Uint16Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => levels[i % levels.length]!).buffer,
    ),
  });

const cycle = (count: number, levels: readonly number[]) =>
  Array.from({ length: count }, (_, i) => levels[i % levels.length]!);

/** Images [count, 2, 2] of one level each, and a class for each. */
const idx = (classes: readonly number[]) => ({
  "images.gz": gzipSync(
    encodeIdx({
      dims: [classes.length, 2, 2],
      data: Uint8Array.from({ length: 4 * classes.length }, (_, i) => 255 * (classes[i >> 2]! % 2)),
    }),
  ),
  labels: encodeIdx({ dims: [classes.length], data: Uint8Array.from(classes) }),
});

const [TRAIN, LABELS] = [{ trainImages: "images.gz" }, { trainLabels: "labels" }];

/** A PNG with EXIF that says that it is to be turned by 90°. */
function lying(image: Buffer): Buffer {
  const exif = Buffer.from("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", "latin1");
  const chunk = Buffer.concat([Buffer.from("eXIf"), exif]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(exif.length);
  sum.writeUInt32BE(crc32(chunk));
  return Buffer.concat([image.subarray(0, 33), length, chunk, sum, image.subarray(33)]);
}

/** By Pillow 12.3: WebP without loss, with EXIF orientation 6; JPEG of four colours. */
const lyingWebp = Buffer.from(
  "UklGRlAAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBAAAAAvAQAAAA8Q8x/zH4aM6H8ARVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==",
  "base64",
);
const cmykJpeg = Buffer.from(
  "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwBQNzxGPDJQRkFGWlVQX3jIgnhubnj1r7mRyP///////////////////////////////////////////////////8AAFAgAAQACBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAQC/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwBqzTX/2Q==",
  "base64",
);

/** Rows of 4 pixels, with a class 0 … 2 first or last. */
const rows = (row: (pixels: string, label: number) => string, names = "") =>
  names + Array.from({ length: 12 }, (_, i) => row(`0,${i * 20},255,0`, i % 3)).join("\n");

/** A file of MATLAB with one array of another class than numbers. */
function matOf(kind: number): Buffer {
  const element = (type: number, data: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  };
  const words = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);
  const array = [element(6, words(kind, 0)), element(5, words(1, 1)), element(1, Buffer.from("X"))];
  const head = Buffer.from(`${"MATLAB 5.0 MAT-file".padEnd(124)}\0\x01IM`, "latin1");
  return Buffer.concat([head, element(14, Buffer.concat(array))]);
}

const kinds: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  "examples in class order": {
    "classes of unequal size, one after the other": {
      name: "idx",
      files: idx([...Array(20).fill(0), ...Array(10).fill(1), ...Array(10).fill(2)]),
      settings: { ...TRAIN, ...LABELS },
    },
    "videos whose frames would be torn apart": {
      name: "images",
      files: Object.fromEntries(
        cycle(12, [0, 255]).map((level, i) => [`data/v${i >> 2}_${i}.png`, gray(level)]),
      ),
      settings: { path: "data", split: { order: "group", by: "^v\\d" } },
    },
    "the same, with room for a whole one": {
      name: "images",
      files: Object.fromEntries(
        cycle(12, [0, 255]).map((level, i) => [`data/v${i >> 2}_${i}.png`, gray(level)]),
      ),
      settings: { path: "data", split: { order: "group", by: "^v\\d" }, validation: 4 },
    },
  },
  "bytes that are few numbers": {
    "classes of pixels, and 255 for none": { name: "images", files: grays(cycle(20, [0, 1, 3, 255])) },
    "masks of 1 and 2": { name: "images", files: grays(cycle(20, [1, 2])) },
  },
  depth: {
    "8 bits stretched to 16": { name: "images", files: deep(cycle(20, [0, 257 * 100, 65535])) },
    "12 bits moved up": { name: "images", files: deep(cycle(20, [0, 16 * 4095, 16 * 2000])) },
    "the same, as it is said": {
      name: "images",
      files: deep(cycle(20, [0, 16 * 4095, 16 * 2000])),
      settings: { path: "data", range: [0, 65520], depth: 12 },
    },
    "10 bits in an array of 16": {
      name: "npz",
      files: { data: shorts([20, 2, 2], [0, 3, 1000, 1023]) },
    },
  },
  folders: {
    "a link two levels up, and one to another class": {
      name: "images",
      files: { ...grays(cycle(10, [0, 255]), "data/a/b"), ...grays(cycle(10, [0, 255]), "data/c") },
      links: { "data/a/b/up": "data", "data/a/again": "data/c" },
    },
    "parts in place of classes": {
      name: "images",
      files: {
        ...grays([0, 255], "data/train/a"),
        ...grays([0, 255], "data/val/a"),
        ...grays([0], "data/Test/a"),
      },
    },
    "images without a name that tells of them": {
      name: "images",
      files: { "data/a/1": gray(1), "data/a/2": gray(2), "data/b/3.img": gray(3) },
    },
  },
  formats: {
    "arrays with the images last": { name: "npz", files: { data: bytes([8, 8, 20]) } },
    "the same, told that they are": {
      name: "npz",
      files: { data: bytes([8, 8, 20], (i) => i % 20) },
      settings: { path: "data", examples: "last", range: "auto" },
    },
    "one coloured image as an array": { name: "npz", files: { data: bytes([16, 8, 3]) } },
    "cells of MATLAB": { name: "mat", files: { data: matOf(1) } },
    HDF5: { name: "mat", files: { data: Buffer.from("\x89HDF\r\n\x1a\n and so on", "latin1") } },
    "text with the class first": {
      name: "amat",
      files: { data: rows((pixels, label) => `${label},${pixels}`) },
      settings: { path: "data", shape: [2, 2] },
    },
    "the same, as it is said": {
      name: "amat",
      files: { data: rows((pixels, label) => `${label},${pixels}`) },
      settings: { path: "data", shape: [2, 2], classColumn: "first" },
    },
    "and with names": {
      name: "amat",
      files: { data: rows((pixels, label) => `${label},${pixels}`, "label,pixel0,pixel1,pixel2,pixel3\r\n") },
      settings: { path: "data", shape: [2, 2] },
    },
    "JPEG of four colours": { name: "images", files: { "data/A.JPG": cmykJpeg } },
  },
  sizes: {
    "upright and lying photographs in one size": {
      name: "images",
      files: Object.fromEntries(
        cycle(12, [0, 1]).map((i, n) => [`data/${n}.JPG`, pillowImage(i ? "baseline.jpg" : "turned.jpg")]),
      ),
      settings: { path: "data", size: [8, 6], fit: "pad" },
    },
    "pairs of several sizes, all in one": {
      name: "pairs",
      files: {
        ...grays([0, 50, 100, 255], "data"),
        "data/9.png": png(4, 3, [9, 9, 9]),
        ...grays([0, 1, 1, 0], "masks"),
        "masks/9.png": png(4, 3, [1, 1, 1]),
      },
      settings: { path: "data", conditionPath: "masks", size: 3 },
    },
    "PNG that is to be turned": { name: "images", files: { "data/a.png": lying(gray(9)) } },
    "WebP that is to be turned": { name: "images", files: { "data/a.webp": lyingWebp } },
  },
};

describe.each(Object.entries(kinds))("%s", (_, cases) => {
  test("end as they should", async () => {
    const ends: string[] = [];
    for (const [what, one] of Object.entries(cases)) ends.push(`${what}:`, ...(await endOf(one)), "");
    expect(`\n${ends.join("\n")}`).toMatchSnapshot();
  });
});
