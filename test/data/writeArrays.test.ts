import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { npzBytes } from "../../src/data/writeArrays.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-arrays-"));
afterAll(() => rmSync(folder, { recursive: true }));

const arrays = {
  mean: { shape: [2, 1, 3], values: Float32Array.of(1, -2.5, 3e-30, 4, 5, Number.MAX_SAFE_INTEGER) },
  y: { shape: [2], values: Float32Array.of(0, 7) },
};

test("arrays are read as they were written, and the same ones give the same bytes", async () => {
  const file = join(folder, "arrays.npz");
  writeFileSync(file, npzBytes(arrays));
  const read = await openArrayFile(file, "the file");
  expect(read.names).toEqual(["mean", "y"]);
  for (const [name, { shape, values }] of Object.entries(arrays)) {
    expect(read.array(name)).toMatchObject({ dims: shape, type: "float32", values });
  }
  expect(npzBytes(arrays).equals(npzBytes(structuredClone(arrays)))).toBe(true);
});

const hasNumpy = (() => {
  try {
    execFileSync("python3", ["-c", "import numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasNumpy)("NumPy reads them", () => {
  const file = join(folder, "numpy.npz");
  writeFileSync(file, npzBytes(arrays));
  const program = `import numpy; a = numpy.load(${JSON.stringify(file)}); print({k: (a[k].shape, str(a[k].dtype), a[k].ravel().tolist()[:2]) for k in a})`;
  expect(execFileSync("python3", ["-c", program], { encoding: "utf8" }).trim()).toBe(
    "{'mean': ((2, 1, 3), 'float32', [1.0, -2.5]), 'y': ((2,), 'float32', [0.0, 7.0])}",
  );
});
