import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { npzBytes, readNpz } from "../../src/data/npz.ts";

/** np.savez_compressed(file, y=np.array([[1.5, -2], [3, 4]]), x=np.arange(6, dtype=np.uint8).reshape(2, 3)) of NumPy 2. */
const fromNumpy = Buffer.from(
  "UEsDBC0AAAAIAAAAIQB10y6G//////////8FABQAeS5ucHkBABAAoAAAAAAAAABWAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSY" +
    "F59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgYw+GEPoRkOQCgOBwgt4AAAUEsDBC0AAAAIAAAAIQB+ntfP//////////8FABQAeC5ucHkBABAA" +
    "hgAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgZGJmYW" +
    "VgBQSwECLQMtAAAACAAAACEAddMuhlYAAACgAAAABQAAAAAAAAAAAAAAgAEAAAAAeS5ucHlQSwECLQMtAAAACAAAACEAfp7Xz0wAAACGAAAABQAAAAAAAAAA" +
    "AAAAgAGNAAAAeC5ucHlQSwUGAAAAAAIAAgBmAAAAEAEAAAAA",
  "base64",
);

describe("an .npz", () => {
  test("of NumPy is read, compressed, in its types", () => {
    const arrays = readNpz(fromNumpy, "a.npz");
    expect([...arrays.keys()]).toEqual(["y", "x"]);
    expect(arrays.get("y")).toEqual({
      shape: [2, 2],
      values: Float32Array.of(1.5, -2, 3, 4),
      isInteger: false,
    });
    expect(arrays.get("x")).toEqual({
      shape: [2, 3],
      values: Float32Array.of(0, 1, 2, 3, 4, 5),
      isInteger: true,
    });
  });

  test("that is written is read again, whatever its shapes", () => {
    const written = {
      mean: { shape: [2, 1, 3, 1], values: Float32Array.of(0.1, -0, 1e-30, 4, 5, Number.POSITIVE_INFINITY) },
      y: { shape: [2], values: Float32Array.of(7, 8) },
      none: { shape: [0, 3], values: new Float32Array() },
    };
    const read = readNpz(npzBytes(written), "a.npz");
    expect([...read]).toEqual(
      Object.entries(written).map(([name, array]) => [name, { ...array, isInteger: false }]),
    );
    expect(npzBytes(written).equals(npzBytes(written))).toBe(true);
  });

  test("that is written has the headers that NumPy wants: aligned to 64 bytes, with the checksum of each file", () => {
    const bytes = npzBytes({ y: { shape: [2], values: Float32Array.of(7, 8) } });
    const start = 30 + "y.npy".length;
    expect(bytes.readUInt32LE(14)).toBe(0xe3da8248);
    expect(bytes.toString("latin1", start, start + 6)).toBe("\x93NUMPY");
    expect((10 + bytes.readUInt16LE(start + 8)) % 64).toBe(0);
  });

  test("that is none, is cut off or has other numbers is refused with its name", () => {
    expect(() => readNpz(Buffer.from("PK, perhaps"), "a.npz")).toThrow(/^a\.npz: not an \.npz file/);
    expect(() => readNpz(fromNumpy.subarray(0, 300), "a.npz")).toThrow(/^a\.npz: not an \.npz file/);
    const damaged = Buffer.from(fromNumpy);
    damaged.fill(0xff, 60, 120);
    expect(() => readNpz(damaged, "a.npz")).toThrow(/^a\.npz: the archive is damaged/);
    const text = npzBytes({ y: { shape: [1], values: Float32Array.of(1) } });
    const other = Buffer.from(text.toString("latin1").replace("<f4", "<c8"), "latin1");
    expect(() => readNpz(other, "a.npz")).toThrow(/a\.npz: y\.npy: its numbers are <c8\. Accepted: <f4/);
    const short = Buffer.from(text.toString("latin1").replace("(1,)", "(9,)"), "latin1");
    expect(() => readNpz(short, "a.npz")).toThrow(/ends after \d+ bytes, before the last of its \[9\]/);
  });

  test("that would unpack to more than it says is refused before it does", () => {
    const bomb = deflateRawSync(Buffer.alloc(1e6));
    const bytes = Buffer.from(fromNumpy);
    bomb.copy(bytes, 55);
    expect(() => readNpz(bytes, "a.npz")).toThrow(/^a\.npz: /);
  });
});
