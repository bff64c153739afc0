import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { VaeError } from "../../src/base/errors.ts";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { parseNpy, transposed } from "../../src/data/npy.ts";
import { crc32 } from "../../src/data/zip.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { failureOf, temporaryFolder } from "./files.ts";
import { bytes, encodeNpy, encodeNpz, floats } from "./numpyFiles.ts";

// numpy: np.array([1, -2.5, 0], dtype).tobytes().hex(), and for whole numbers np.array([1, -2, 0], dtype)
test.each([
  ["|b1", "010100", [1, 1, 0]],
  ["|u1", "01fe00", [1, 254, 0]],
  ["|i1", "01fe00", [1, -2, 0]],
  ["<u2", "0100feff0000", [1, 65534, 0]],
  [">u2", "0001fffe0000", [1, 65534, 0]],
  ["<i2", "0100feff0000", [1, -2, 0]],
  ["<u4", "01000000feffffff00000000", [1, 4294967294, 0]],
  [">i4", "00000001fffffffe00000000", [1, -2, 0]],
  ["<i8", "0100000000000000feffffffffffffff0000000000000000", [1, -2, 0]],
  [">u8", "000000000000000100000000000000020000000000000000", [1, 2, 0]],
  ["<f2", "003c00c10000", [1, -2.5, 0]],
  [">f2", "3c0004010001", [1, 1025 * 2 ** -24, 2 ** -24]],
  ["<f4", "0000803f000020c000000000", [1, -2.5, 0]],
  [">f4", "3f800000c020000000000000", [1, -2.5, 0]],
  ["<f8", "000000000000f03f00000000000004c00000000000000000", [1, -2.5, 0]],
] as const)("%s values are what numpy means by them", (descr, hex, values) => {
  const stored = encodeNpy({ descr, dims: [3], data: Uint8Array.from(Buffer.from(hex, "hex")) });
  expect([...parseNpy(stored, "a.npy").values]).toEqual(values);
});

test("not a number and infinity have 16 bits too", () => {
  const data = Uint8Array.of(0, 0x7c, 0, 0xfc, 1, 0x7c);
  expect([...parseNpy(encodeNpy({ descr: "<f2", dims: [3], data }), "a").values]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ]);
});

test.each([1, 2, 3] as const)("version %i of the format", (version) => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
  expect(parseNpy(encodeNpy({ descr: "|u1", dims: [2, 3], data, version }), "a")).toEqual({
    name: "a",
    dims: [2, 3],
    type: "uint8",
    values: data,
  });
});

test("Fortran order: the first index runs fastest", () => {
  const data = Uint8Array.of(0, 10, 1, 11, 2, 12); // a[i, j] = 10 i + j
  const stored = encodeNpy({ descr: "|u1", dims: [2, 3], data, isFortran: true });
  expect([...parseNpy(stored, "a").values]).toEqual([0, 1, 2, 10, 11, 12]);
});

test("axes change places", () => {
  const values = Uint8Array.from({ length: 24 }, (_, i) => i); // [2, 3, 4]: 12 i + 4 j + k
  expect([...transposed(values, [2, 3, 4], [2, 0, 1])].slice(0, 7)).toEqual([0, 4, 8, 12, 16, 20, 1]);
});

async function fileOf(content: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), "a.npz");
  await writeFile(path, content);
  return path;
}

const open = async (content: Uint8Array) => openArrayFile(await fileOf(content), "dataset.path");

test.each([false, true])("arrays of an archive, compressed: %s", async (isCompressed) => {
  const file = await open(
    encodeNpz({ x: bytes([2, 3]), "a.b": floats([2], (i) => i / 2) }, { isCompressed }),
  );
  expect(file.names).toEqual(["x", "a.b"]);
  expect([...file.array("x").values]).toEqual([0, 1, 2, 3, 4, 5]);
  expect(file.array("a.b")).toMatchObject({ dims: [2], type: "float32", values: Float32Array.of(0, 0.5) });
});

test("an array that cannot be read leaves the others alone", async () => {
  const objects = encodeNpy({ descr: "|O", dims: [], data: new Uint8Array(10) });
  const file = await open(encodeNpz({ meta: objects, x: bytes([2]) }));
  expect([...file.array("x").values]).toEqual([0, 1]);
  expect(() => file.array("meta")).toThrow(
    "array meta: holds Python objects. Accepted: arrays of bool, uint8,",
  );
});

test("a checksum is that of ZIP", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926); // the check value of CRC-32/ISO-HDLC
});

/** What reading all arrays of a file ends with. */
async function endOf(content: Uint8Array): Promise<string> {
  const path = await fileOf(content);
  const read = async () => {
    const file = await openArrayFile(path, "dataset.path");
    for (const name of file.names) file.array(name);
  };
  return failureOf(read(), path);
}

test("what is wrong is told with the file and the array", async () => {
  const stored = bytes([2, 3]);
  const lies = encodeNpy({ descr: "|u1", dims: [3, 3], data: new Uint8Array(6) });
  const archive = encodeNpz({ x: stored });
  const told = [];
  for (const content of [
    Buffer.alloc(0),
    Buffer.from("\x89PNG\r\n\x1a\n"),
    stored.subarray(0, 9),
    stored.subarray(0, 100),
    stored.subarray(0, 130),
    Buffer.concat([stored, stored]),
    stored.with(6, 9),
    lies,
    encodeNpy({ descr: "<c8", dims: [1], data: new Uint8Array(8) }),
    encodeNpy({ descr: "<f4", dims: [2 ** 40, 2 ** 40], data: new Uint8Array(0) }),
    encodeNpy({ descr: "<i8", dims: [2], data: BigInt64Array.of(1n, 2n ** 60n) }),
    archive.subarray(0, -30),
    archive.with(archive.length - 6, 255),
    archive.with(170, archive[170]! ^ 1),
    encodeNpz({ x: lies }, { isCompressed: true }),
    encodeNpz({}),
  ]) {
    told.push(await endOf(content));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: TMP: neither a .npy, .npz nor .mat file nor text of numbers, by its first bytes. Accepted: what numpy.save, savez and savez_compressed write, MATLAB's save with -v7 or -v6, or a row of numbers a line.
    failure: TMP: neither a .npy, .npz nor .mat file nor text of numbers, by its first bytes. Accepted: what numpy.save, savez and savez_compressed write, MATLAB's save with -v7 or -v6, or a row of numbers a line.
    failure: TMP: the file ends at byte 9, inside the header.
    failure: TMP: the file ends at byte 100, inside the header.
    failure: TMP: expected 134 bytes for 2x3 values of uint8, the file ends at byte 130.
    failure: TMP: expected 134 bytes for 2x3 values of uint8, the file goes on to byte 268.
    failure: TMP: version 9 of the format (byte 6). Accepted: 1, 2 and 3.
    failure: TMP: expected 137 bytes for 3x3 values of uint8, the file ends at byte 134.
    failure: TMP: holds type '<c8'. Accepted: arrays of bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32, float64.
    failure: TMP: the header tells of 1099511627776x1099511627776 values of float32, more than any file holds.
    failure: TMP: value 1 is 1152921504606846976. Accepted: whole numbers up to 9007199254740991.
    failure: TMP: the ZIP archive is cut off: it ends at byte 212, before its directory.
    failure: TMP: the ZIP archive is damaged: its directory is.
    failure: TMP: the ZIP archive is damaged: byte 169 is not entry 1 of its directory.
    failure: TMP, array x: the header tells of 3x3 values of uint8, 137 bytes with itself, but the file in the archive has 134.
    failure: TMP: holds no arrays.
    "
  `);
});

test("an archive that says it is small takes no more than that", async () => {
  const zeros = new Uint8Array(64 * 2 ** 20);
  const bomb = encodeNpz({ x: bytes([10]) }, { isCompressed: true });
  const packed = deflateRawSync(Buffer.concat([bytes([10]), zeros]));
  const entry = bomb.indexOf("PK\x01\x02");
  const start = 30 + "x.npy".length;
  const directory = Buffer.from(bomb.subarray(entry));
  directory.writeUInt32LE(packed.length, 20);
  directory.writeUInt32LE(start + packed.length, directory.length - 6);
  const before = process.memoryUsage().arrayBuffers;
  expect(await endOf(Buffer.concat([bomb.subarray(0, start), packed, directory]))).toMatch(
    /^failure: TMP, array x: the compressed data is damaged/,
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 ** 20);
});

test("a header that tells of more than the archive holds is refused before memory is taken", async () => {
  const huge = encodeNpy({ descr: "<f8", dims: [2 ** 30], data: new Uint8Array(8) });
  expect(await endOf(encodeNpz({ x: huge }, { isCompressed: true }))).toMatch(
    /tells of 1073741824 values of float64, 8589934\d+ bytes with itself, but the file in the archive has/,
  );
});

test("100 damaged files of each kind end in one paragraph, or are read", async () => {
  const random = new RandomStream("damage");
  const whole = [
    floats([20, 4, 4], (i) => i / 7),
    encodeNpz({ x: bytes([20, 4, 4], (i) => i % 251), y: floats([20], (i) => i) }),
    encodeNpz({ x: bytes([20, 4, 4], (i) => i % 251), y: floats([20], (i) => i) }, { isCompressed: true }),
  ];
  const ends = { read: 0, refused: 0 };
  for (const content of whole) {
    const path = await fileOf(content);
    for (let i = 0; i < 100; i++) {
      const damaged = Buffer.from(content);
      // Half of them where the headers are.
      const flips = 1 + random.integer(4);
      for (let n = 0; n < flips; n++) {
        const at = random.integer(i % 2 === 0 ? damaged.length : 128);
        const place = i % 4 === 1 ? damaged.length - 1 - at : at;
        damaged[place] = damaged[place]! ^ (1 << random.integer(8));
      }
      await writeFile(path, i % 5 === 0 ? damaged.subarray(0, random.integer(damaged.length)) : damaged);
      try {
        const file = await openArrayFile(path, "dataset.path");
        for (const name of file.names) file.array(name);
        ends.read++;
      } catch (error) {
        if (!(error instanceof VaeError)) throw error;
        expect(error.message).toMatch(/^[^\n]+\.$/);
        expect(error.message.length).toBeLessThan(500);
        ends.refused++;
      }
    }
  }
  expect(ends.refused).toBeGreaterThan(200);
  expect(ends.read + ends.refused).toBe(300);
});
