import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompress, encodeIdx, parseIdx } from "../../src/data/idx.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { failureOf } from "./files.ts";

const images = encodeIdx({ dims: [5, 2, 3], data: Uint8Array.from({ length: 30 }, (_, i) => 8 * i) });

test("an IDX file has the bytes of the format", () => {
  // http://yann.lecun.com/exdb/mnist/: magic 0x00000803, then 5, 2, 3 as big-endian 32-bit integers
  expect([...images.subarray(0, 18)]).toEqual([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 3, 0, 8]);
});

test.each([[[7]], [[2, 3]], [[5, 2, 3]], [[2, 2, 3, 3]]])(
  "dimensions %j survive writing and reading",
  (dims) => {
    const data = Uint8Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => i + 1);
    expect(parseIdx(encodeIdx({ dims, data }), "file")).toEqual({ fileName: "file", dims, data });
  },
);

test("what is read is a view, not a copy", () => {
  expect(parseIdx(images, "file").data.buffer).toBe(images.buffer);
});

const parsing = async (bytes: Uint8Array) => parseIdx(bytes, "train-images");
const changed = (offset: number, value: number) => images.map((byte, i) => (i === offset ? value : byte));

test("damage is told with the file and the byte", async () => {
  const told = await Promise.all(
    [
      new Uint8Array(0),
      images.subarray(0, 3),
      Buffer.from("\x89PNG\r\n\x1a\n"),
      changed(2, 0x0d),
      changed(2, 0x55),
      changed(3, 0),
      images.subarray(0, 10),
      changed(7, 0),
      images.subarray(0, 40),
      Buffer.concat([images, Buffer.alloc(2)]),
      encodeIdx({ dims: [9], data: new Uint8Array(4) }),
    ].map((bytes) => failureOf(parsing(bytes))),
  );
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: train-images: not an IDX file: it ends at byte 0, inside the 4-byte magic number.
    failure: train-images: not an IDX file: it ends at byte 3, inside the 4-byte magic number.
    failure: train-images: not an IDX file: it starts with bytes 0xC2 0x89, an IDX file with 0x00 0x00. Accepted: unsigned-byte IDX as MNIST has it, plain or gzip.
    failure: train-images: byte 2 is 0x0D (32-bit floats). Accepted: 0x08 (unsigned bytes).
    failure: train-images: byte 2 is 0x55 (no known value type). Accepted: 0x08 (unsigned bytes).
    failure: train-images: byte 3 says 0 dimensions. Accepted: 1 (labels), 3 or 4 (images).
    failure: train-images: the file ends at byte 10, inside the header of 16 bytes.
    failure: train-images: the dimension at byte 4 is 0: the file holds 0 images of 2x3.
    failure: train-images: expected 46 bytes for 5 images of 2x3, the file ends at byte 40.
    failure: train-images: expected 46 bytes for 5 images of 2x3, the file goes on to byte 48.
    failure: train-images: expected 17 bytes for 9 labels, the file ends at byte 12.
    "
  `);
});

test("gzip is recognised by its content", async () => {
  expect(await decompress(images, "plain")).toBe(images);
  expect([...(await decompress(gzipSync(images), "packed"))]).toEqual([...images]);
});

test("gzip may come in pieces, and be as small as gzip can be", async () => {
  const blank = encodeIdx({ dims: [3000, 28, 28], data: new Uint8Array(3000 * 784) });
  const pieces = Buffer.concat(
    [0, 3, 9, 1000].map((from, i, all) => gzipSync(blank.subarray(from, all[i + 1]))),
  );
  for (const packed of [gzipSync(blank, { level: 9 }), pieces]) {
    expect(packed.length).toBeLessThan(blank.length / 900);
    expect(Buffer.from(await decompress(packed, "packed")).equals(blank)).toBe(true);
  }
});

test("a damaged gzip file is told with the byte", async () => {
  const random = new RandomStream("noise");
  const values = Uint8Array.from({ length: 40_000 }, () => random.integer(16)); // about 20,000 bytes as gzip
  const noise = encodeIdx({ dims: [40_000], data: values });
  const packed = gzipSync(noise);
  const told = [
    await failureOf(decompress(packed.subarray(0, 5000), "train-images.gz")),
    // 0xFF at the start of the first deflate block is a block type that does not exist.
    await failureOf(decompress(packed.with(10, 255), "train-images.gz")),
    // Among Huffman codes 0xFF decodes to something, and only the checksum at the end tells.
    await failureOf(decompress(packed.with(9000, packed[9000]! ^ 255), "train-images.gz")),
  ];
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: train-images.gz: the gzip data is cut off: the file ends at byte 5000.
    failure: train-images.gz: the gzip data is damaged, at or before byte 1024 (invalid block type).
    failure: train-images.gz: the gzip data is damaged, at or before byte 21622 (incorrect data check).
    "
  `);
});
