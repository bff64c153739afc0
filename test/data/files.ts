import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { onTestFinished } from "vitest";
import { VaeError } from "../../src/base/errors.ts";
import type { DataProgress } from "../../src/data/dataset.ts";
import type { Descriptor } from "../../src/data/descriptor.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import type { LoadContext } from "../../src/data/source.ts";

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vae-data-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with these files, which is gone after the test. */
export async function folderWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** The message of the VaeError that `work` ends with; paths of this machine become `TMP`, ports `PORT`. */
export async function failureOf(work: Promise<unknown>, folder = ""): Promise<string> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof VaeError)) throw error;
  const message = folder === "" ? error.message : error.message.replaceAll(folder, "TMP");
  return `${error.code}: ${message.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")}`;
}

export function contextIn(
  folder: string,
  more: Partial<LoadContext> = {},
): LoadContext & { events: DataProgress[] } {
  const events: DataProgress[] = [];
  return {
    dataDirs: { cache: join(folder, "cache") },
    onProgress: (event) => events.push(event),
    network: { stallSeconds: 0.3, rounds: 2, pauseSeconds: 0.01 },
    events,
    ...more,
  };
}

/** Images of 2x3 whose pixels tell their index, and labels that repeat 0, 1, 2. */
export function tinyImages(count: number): { images: Uint8Array; labels: Uint8Array } {
  return {
    images: encodeIdx({
      dims: [count, 2, 3],
      data: Uint8Array.from({ length: 6 * count }, (_, i) => Math.floor(i / 6)),
    }),
    labels: encodeIdx({ dims: [count], data: Uint8Array.from({ length: count }, (_, i) => i % 3) }),
  };
}

/** What every descriptor says, of a dataset of images of 2x3. */
export const tinyDescription = {
  name: "tiny",
  title: "Tiny",
  source: "http://127.0.0.1/",
  licence: "none",
  citation: "none",
  imageShape: [2, 3, 1] as [number, number, number],
};

/** A dataset in the manner of MNIST: 12 training and 6 test images. */
export function tinyDataset(mirrors: string[]): {
  descriptor: Descriptor;
  files: Record<string, Buffer>;
  raw: Record<string, Uint8Array>;
} {
  const train = tinyImages(12);
  const test = tinyImages(6);
  const raw: Record<string, Uint8Array> = {
    "train-images-idx3-ubyte": train.images,
    "train-labels-idx1-ubyte": train.labels,
    "t10k-images-idx3-ubyte": test.images,
    "t10k-labels-idx1-ubyte": test.labels,
  };
  const roles = ["trainImages", "trainLabels", "testImages", "testLabels"] as const;
  const files = Object.fromEntries(
    Object.entries(raw).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]),
  );
  const descriptor: Descriptor = {
    ...tinyDescription,
    classNames: ["a", "b", "c"],
    mirrors,
    files: Object.entries(files).map(([name, bytes], i) => ({
      role: roles[i]!,
      name,
      bytes: bytes.length,
      sha256: hashOf(bytes),
      sha256Raw: hashOf(raw[name.slice(0, -3)]!),
    })),
  };
  return { descriptor, files, raw };
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A PNG of one colour. */
export function png(width: number, height: number, [r, g, b, alpha = 255]: readonly number[]): Buffer {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set([r!, g!, b!, alpha], 4 * i);
  return PNG.sync.write(image);
}
