import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { type BackendWasm, runOriginal } from "../../src/backends/wasm/kernel.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";

/** Standard normals, the same at each run. */
export function normal(name: string, shape: number[]): tf.Tensor {
  return tf.tensor(new RandomStream(`test/${name}`).normals(tf.util.sizeFromShape(shape)), shape);
}

/** The largest |got − wanted|, relative to the largest |wanted|. */
export function difference(
  got: tf.Tensor | ArrayLike<number>,
  wanted: tf.Tensor | ArrayLike<number>,
): number {
  const [a, b] = [got, wanted].map((x) => (tf.isTensor(x) ? x.dataSync() : x)) as [
    Float32Array,
    Float32Array,
  ];
  if (a.length !== b.length) throw new Error(`${a.length} numbers, not ${b.length}`);
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(distance)) return Number.NaN;
    worst = Math.max(worst, distance);
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return worst / (scale || 1);
}

/** What the package's own kernel gives, where a repair has taken its place. */
export function original(
  name: string,
  inputs: Record<string, tf.Tensor> | tf.Tensor[],
  attrs = {},
): tf.Tensor[] {
  const backend = tf.backend() as unknown as BackendWasm;
  const results = runOriginal<tf.TensorInfo | tf.TensorInfo[]>(name, { inputs, backend, attrs });
  return [results].flat().map((info) => tf.engine().makeTensorFromTensorInfo(info));
}

/** Has TensorFlow work in a temporary folder of its own, which must be empty in the end: recordings leave no files. */
export function useTensorflowInOwnFolder(): void {
  const before = process.env["TMPDIR"];
  const temporary = mkdtempSync(join(tmpdir(), "vae-recorded-"));

  beforeAll(async () => {
    await useBackend("tensorflow", { threads: 2 });
    process.env["TMPDIR"] = temporary;
  });

  afterAll(() => {
    expect(readdirSync(temporary)).toEqual([]); // failed ones neither
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(temporary, { recursive: true });
  });
}
