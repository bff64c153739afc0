import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import { VaeError } from "../../src/base/errors.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { contextIn, failureOf, tinyImages } from "../data/files.ts";
import { matFixtures } from "../data/matFixtures.ts";
import { pillowImage } from "../data/pillowImages.ts";
import { count, tally } from "./counts.ts";

/** Of each kind of file. */
const COUNT = count("damaged inputs", 70, 500);

const SECONDS = 5;
const BYTES = 2 ** 30;

const folder = mkdtempSync(join(tmpdir(), "vae-inputs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = new RandomStream("damaged inputs");
const noise = (count: number) => Uint8Array.from(random.uniforms(count), (u) => 256 * u);

const below = (n: number) => random.integer(n);
const one = <T>(items: readonly T[]): T => items[below(items.length)]!;
const numbers = [0, 1, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Ways in which files are damaged. `fields` are the places of 32-bit numbers in the header. */
const damages: Record<string, (bytes: Buffer, fields: readonly number[]) => Buffer> = {
  "a byte flipped": (bytes) => bytes.with(below(bytes.length), below(256)) as Buffer,
  "a bit flipped": (bytes) => {
    const at = below(bytes.length);
    return bytes.with(at, bytes[at]! ^ (1 << below(8))) as Buffer;
  },
  "cut off": (bytes) => bytes.subarray(0, below(bytes.length)),
  "a piece lost": (bytes) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + below(64))]);
  },
  "a piece twice": (bytes) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from + 1 + below(64)), bytes.subarray(from)]);
  },
  "something put in": (bytes) => {
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), noise(1 + below(64)), bytes.subarray(at)]);
  },
  "an extreme number": (bytes, fields) => {
    const changed = Buffer.from(bytes);
    changed.writeUInt32BE(numbers[below(numbers.length)]!, fields[below(fields.length)]!);
    return changed;
  },
};

const idxFields = [0, 4, 8, 12];
const idx = Buffer.from(encodeIdx({ dims: [40, 6, 5], data: noise(40 * 30) }));
const pngFields = [8, 16, 20];
const image = pngOf(16, 12);

function pngOf(width: number, height: number): Buffer {
  const drawn = new PNG({ width, height });
  drawn.data.set(noise(4 * width * height).map((byte, i) => (i % 4 === 3 ? 255 : byte)));
  return PNG.sync.write(drawn);
}

/** With the checksum of its header right again, so that it is the header that is believed or not. */
function withHeaderSum(bytes: Buffer): Buffer {
  if (bytes.length < 33) return bytes;
  const fixed = Buffer.from(bytes);
  fixed.writeUInt32BE(crc32(fixed.subarray(12, 29)), 29);
  return fixed;
}

const kinds: Record<
  string,
  { make(damage: (typeof damages)[string]): Buffer; settings(path: string): object }
> = {
  IDX: {
    make: (damage) => damage(idx, idxFields),
    settings: (path) => ({ name: "idx", trainImages: join(path, "file") }),
  },
  "gzip of IDX": {
    make: (damage) => (below(2) ? damage(gzipSync(idx), [0, 4]) : gzipSync(damage(idx, idxFields))),
    settings: (path) => ({ name: "idx", trainImages: join(path, "file") }),
  },
  PNG: {
    make: (damage) => (below(2) ? damage(image, pngFields) : withHeaderSum(damage(image, pngFields))),
    settings: (path) => ({ name: "images", path }),
  },
  JPEG: {
    make: (damage) =>
      damage(pillowImage(one(["baseline.jpg", "progressive.jpg", "turned.jpg"])), [2, 160, 180]),
    settings: (path) => ({ name: "images", path }),
  },
  WebP: {
    make: (damage) => damage(pillowImage(one(["lossless.webp", "lossy.webp"])), [4, 16, 24]),
    settings: (path) => ({ name: "images", path }),
  },
};

const text = Buffer.from(Array.from({ length: 6 }, (_, i) => `${i} 0.25 1 1e-3 ${i / 8} 0`).join("\n"));

Object.assign(kinds, {
  "MAT-file": {
    make: (damage) => damage(one(Object.values(matFixtures)), [128, 136, 152, 176]),
    settings: (path) => ({
      name: "mat",
      path: join(path, "file"),
      range: [0, 255],
      shape: [2, 3],
      ...(below(2) && { x: "data" }),
    }),
  },
  amat: {
    make: (damage) => damage(text, [0, 8]),
    settings: (path) => ({ name: "amat", path: join(path, "file"), range: [0, 5], shape: [2, 3] }),
  },
} satisfies typeof kinds);

/** What loading ends with: nothing, or a sentence; anything else is a defect. */
async function load(settings: object): Promise<string | undefined> {
  const started = process.cpuUsage();
  try {
    await loadDataset(datasetSchema.parse(settings), contextIn(folder));
    return undefined;
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    expect(error.message).not.toMatch(/\n|undefined|NaN|\[object/);
    return error.message;
  } finally {
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(SECONDS); // of a processor, whoever else has it
  }
}

describe.each(Object.entries(kinds))("%s", (kind, { make, settings }) => {
  test(`${COUNT} damaged files: each is read, or refused in a sentence, at once and without much memory`, async () => {
    const names = Object.keys(damages);
    let refused = 0;
    for (let i = 0; i < COUNT; i++) {
      const name = names[i % names.length]!;
      const path = join(folder, kind, String(i));
      mkdirSync(path, { recursive: true });
      const bytes = make(damages[name]!);
      writeFileSync(join(path, "file"), bytes);
      for (const copy of ["a.png", "b.png", "c.png"]) writeFileSync(join(path, copy), bytes);
      const told = await load(settings(path)).catch((error: Error) => {
        throw new Error(`file ${i}, ${name}: ${error.stack}`);
      });
      if (told !== undefined) refused++;
      rmSync(path, { recursive: true });
    }
    expect(refused).toBeGreaterThan(COUNT / 3);
    expect(1024 * process.resourceUsage().maxRSS).toBeLessThan(BYTES);
    tally("damaged inputs", COUNT);
  });
});

describe("sizes that are too large are refused before memory is taken", () => {
  const idxOf = async (name: string, bytes: Uint8Array) => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    const settings = datasetSchema.parse({ name: "idx", trainImages: file });
    return failureOf(loadDataset(settings, contextIn(folder)), folder);
  };
  const headerOf = (...dims: number[]) => encodeIdx({ dims, data: new Uint8Array() });
  const zeros = gzipSync(Buffer.alloc(2 ** 20));
  /** 2 GiB of zeros in 2 MB. */
  const bomb = Buffer.concat(Array.from({ length: 2048 }, () => zeros));

  test("gzip", async () => {
    const before = process.resourceUsage().maxRSS;
    const told = [
      await idxOf("bomb.gz", Buffer.concat([gzipSync(tinyImages(5).images), bomb])),
      await idxOf("claims.gz", gzipSync(headerOf(60_000, 28, 28))),
      await idxOf("large.gz", Buffer.concat([gzipSync(headerOf(100_000, 160, 160)), bomb, bomb])),
      await idxOf("extreme.gz", gzipSync(headerOf(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1))),
      await idxOf("extreme", headerOf(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1)),
    ];
    expect(1024 * (process.resourceUsage().maxRSS - before)).toBeLessThan(2e8);
    expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      failure: TMP/bomb.gz: expected 46 bytes for 5 images of 2x3, but the gzip data goes on after them.
      failure: TMP/claims.gz: expected 47040016 bytes for 60000 images of 28x28, the file ends at byte 16.
      failure: TMP/large.gz: the header tells of 100000 images of 160x160, which are 2.6 GB. Accepted here: up to 2.1 GB; put fewer images in the file.
      failure: TMP/extreme.gz: expected 7.9228162458924105e+28 bytes for 4294967295 images of 4294967295x4294967295, the file ends at byte 16.
      failure: TMP/extreme: expected 7.9228162458924105e+28 bytes for 4294967295 images of 4294967295x4294967295, the file ends at byte 16.
      "
    `);
  });

  const chunk = (type: string, data: Buffer) => {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length, 0);
    bytes.write(type, 4);
    bytes.set(data, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), 8 + data.length);
    return bytes;
  };
  /** A grey image that says it is of this size, and has so many zeros for pixels. */
  const claiming = (width: number, height: number, { interlace = 0, pixels = 2 } = {}) => {
    const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, interlace]);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    const data = chunk("IDAT", deflateSync(Buffer.alloc(pixels)));
    return Buffer.concat([image.subarray(0, 8), chunk("IHDR", header), data, chunk("IEND", Buffer.alloc(0))]);
  };

  test("PNG", async () => {
    const before = process.resourceUsage().maxRSS;
    const told = [];
    for (const [i, bytes] of [
      claiming(60_000, 60_000),
      claiming(2 ** 32 - 1, 2 ** 32 - 1),
      claiming(4000, 4000),
      claiming(0, 5),
      claiming(1, 1),
      claiming(1, 1, { interlace: 1 }),
      claiming(40, 40, { interlace: 1, pixels: 2 ** 26 }),
      claiming(40, 40, { pixels: 2 ** 26 }),
    ].entries()) {
      const path = join(folder, `claims-${i}`);
      mkdirSync(path);
      writeFileSync(join(path, "a.png"), bytes);
      const settings = datasetSchema.parse({ name: "images", path });
      told.push(await failureOf(loadDataset(settings, contextIn(folder)), path));
    }
    expect(1024 * (process.resourceUsage().maxRSS - before)).toBeLessThan(3e8);
    expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      failure: TMP/a.png: it says that it has 60000x60000 pixels (width x height). Accepted: up to 16777216, as 4096x4096; make it smaller.
      failure: TMP/a.png: it says that it has 4294967295x4294967295 pixels (width x height). Accepted: up to 16777216, as 4096x4096; make it smaller.
      failure: TMP/a.png: it says that it has 4000x4000 pixels (width x height), which a file of 67 bytes cannot hold.
      failure: TMP/a.png: the image is damaged: it says that it has 0x5 pixels (width x height).
      usage: images has 1 training image, too few to hold out one for test and one for validation and still train. It takes at least 3.
      usage: images has 1 training image, too few to hold out one for test and one for validation and still train. It takes at least 3.
      failure: TMP/a.png: the image is damaged: Cannot create a Buffer larger than 3440 bytes.
      failure: TMP/a.png: the image is damaged: have should not go down.
      "
    `);
  });
});
