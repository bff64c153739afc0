import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import type { Condition } from "../src/conditions/condition.ts";
import { conditionOf, conditionSchema, givenField, observed } from "../src/conditions/index.ts";
import { poisson } from "../src/conditions/poisson.ts";
import type { Field, ImageShape } from "../src/data/field.ts";
import { ssim } from "../src/evaluation/imageQuality.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { absent } from "./backends/softwareWebgpu.ts";
import { describeUnless, tensorflowMissing, testUnless } from "./helpers/missing.ts";
import { expectAllClose } from "./helpers/numerics.ts";

const images = (shape: ImageShape): Field => ({ name: "x", shape, kind: "bytes", show: "image" });
const random = () => new RandomStream("test/conditions");

const operator = (settings: object, shape: ImageShape): Condition =>
  conditionOf(conditionSchema.parse(settings), images(shape))!;

const rows: [settings: object, shape: ImageShape][] = [
  [{ kind: "downsample", factor: 2 }, [8, 12, 3]],
  [{ kind: "downsample", factor: 4, filter: "bicubic" }, [8, 12, 1]],
  [{ kind: "sinogram", angles: 7, noiseLevel: 0 }, [9, 12, 1]],
  [{ kind: "blur", radius: 1 }, [8, 6, 3]],
  [{ kind: "blur", radius: 2.5 }, [3, 6, 1]],
];

const missing = { cpu: undefined, wasm: undefined, tensorflow: tensorflowMissing, webgpu: absent };

for (const backend of ["cpu", "wasm", "tensorflow", "webgpu"] as const) {
  describeUnless(missing[backend], `on ${backend}`, () => {
    beforeAll(() => useBackend(backend, { threads: 1 }));

    test.each(rows)("%j is linear, with its transpose as gradient", async (settings, shape) => {
      const { observe, forward, adjoint, field } = operator(settings, shape);
      const [D, M] = [shape, field.shape].map((sizes) => sizes.reduce((a, b) => a * b)) as [number, number];
      const host = [
        random()
          .fork("x")
          .uniforms(2 * D),
        random()
          .fork("y")
          .normals(2 * M),
      ] as const;
      const x = tf.tensor2d(host[0], [2, D]);
      const y = tf.tensor2d(host[1], [2, M]);
      const Ax = forward(x, y);
      const difference = tf.sub(Ax, y) as tf.Tensor2D;
      const Aty = await adjoint(y).data();
      const loss = (x: tf.Tensor) => tf.sum(tf.square(tf.sub(forward(x as tf.Tensor2D, y), y)));
      const gradient = await tf.grad(loss)(x).data();
      const values = await Ax.data();
      expect(Ax.shape).toEqual([2, M]);
      const onHost = [0, 1].flatMap((i) => [...observe(host[0].slice(i * D, (i + 1) * D), random())]);
      expectAllClose(values, onHost, 1e-5);
      const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
        Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
      const norm = Math.sqrt(inner(values, values) * inner(host[1], host[1]));
      expect(Math.abs(inner(values, host[1]) - inner(host[0], Aty)) / norm).toBeLessThan(1e-5);
      expectAllClose(gradient, await tf.mul(2, adjoint(difference)).data(), 1e-5);
    });
  });
}

test("a constant image stays constant", () => {
  const flat = new Float32Array(8 * 12 * 3).fill(0.5);
  for (const settings of [
    { kind: "downsample", factor: 2 },
    { kind: "downsample", factor: 4, filter: "bicubic" },
    { kind: "blur" },
  ]) {
    const { observe, baseline } = operator(settings, [8, 12, 3]);
    const y = observe(flat, random());
    expectAllClose(y, new Float32Array(y.length).fill(0.5), 1e-6);
    expectAllClose(baseline.reconstruct(y), flat, 1e-6);
  }
});

test.each([
  ["in the centre", 0, 0],
  ["off the centre", 9, -6],
])("the sinogram of a disc %s is its chords 2√(r² − s²)", (_, right, up) => {
  const [n, r, angles] = [64, 15, 9];
  const { observe, field } = operator({ kind: "sinogram", angles, noiseLevel: 0 }, [n, n, 1]);
  const detectors = field.shape[1]!;
  // The share of 8×8 points of a pixel that lie in the disc.
  const disc = Float32Array.from({ length: n * n }, (_, i) => {
    let inside = 0;
    for (let k = 0; k < 64; k++) {
      const x = (i % n) + ((k % 8) + 0.5) / 8 - n / 2 - right;
      const y = n / 2 - Math.floor(i / n) - (Math.floor(k / 8) + 0.5) / 8 - up;
      inside += Number(x * x + y * y < r * r);
    }
    return inside / 64;
  });
  const y = observe(disc, random());
  for (let angle = 0; angle < angles; angle++) {
    const theta = (angle * Math.PI) / angles;
    const centre = right * Math.cos(theta) - up * Math.sin(theta); // v is down
    let total = 0;
    for (let k = 0; k < detectors; k++) {
      const s = k - (detectors - 1) / 2 - centre;
      const value = y[angle * detectors + k]!;
      total += value;
      if (Math.abs(s) < r - 2) expect(Math.abs(value - 2 * Math.sqrt(r * r - s * s))).toBeLessThan(0.4);
      if (Math.abs(s) > r + 2) expect(value).toBeLessThan(1e-6);
    }
    expect(Math.abs(total / (Math.PI * r * r) - 1)).toBeLessThan(2e-3);
  }
});

test("a masked image has its hole filled with the mean of what is visible", () => {
  const { observe, baseline } = operator({ kind: "mask", hides: "half" }, [2, 2, 1]);
  const y = observe(Float32Array.of(0.25, 1, 0.75, 1), random());
  expect([...y]).toEqual([0.25, 1, 0, 0, 0.75, 1, 0, 0]);
  expect([...baseline.reconstruct(y)]).toEqual([0.25, 0.5, 0.75, 0.5]);
});

test("a mask hides as much as it says, of each image another part, and is linear beside its mask", async () => {
  await useBackend("cpu");
  const shape: ImageShape = [20, 10, 3];
  const x = random().uniforms(600);
  for (const [settings, share] of [
    [{ kind: "mask", hides: "half" }, 0.5],
    [{ kind: "mask", hides: "box", share: 0.25 }, 0.25],
    [{ kind: "mask", hides: "random", share: 0.3 }, 0.3],
  ] as const) {
    const { observe, forward, adjoint } = operator(settings, shape);
    const [y, other] = [observe(x, random().fork(1)), observe(x, random().fork(2))];
    const hidden = Array.from({ length: 200 }, (_, i) => y[i * 4 + 3] === 0);
    expect(Math.abs(hidden.filter(Boolean).length / 200 - share)).toBeLessThan(
      settings.hides === "random" ? 0.13 : 1e-9,
    );
    expect(
      y.every(
        (value, i) =>
          i % 4 === 3 ||
          (hidden[Math.floor(i / 4)] ? value === 0 : value === x[Math.floor(i / 4) * 3 + (i % 4)]),
      ),
    ).toBe(true);
    expect([...other].some((value, i) => value !== y[i])).toBe(settings.hides !== "half");
    const given = tf.tensor2d(y, [1, 800]);
    expectAllClose(await forward(tf.tensor2d(x, [1, 600]), given).data(), y, 1e-6);
    const back = await adjoint(given).data();
    expectAllClose(
      back,
      x.map((value, i) => (hidden[Math.floor(i / 3)] ? 0 : value)),
      1e-6,
    );
  }
});

test.each([0.5, 9, 11, 400, 2000])("counts with mean %d have that mean and variance", (mean) => {
  const stream = random().fork(mean);
  const n = 20_000;
  const counts = Float64Array.from({ length: n }, () => poisson(mean, stream));
  const average = counts.reduce((a, b) => a + b) / n;
  const variance = counts.reduce((sum, k) => sum + (k - average) ** 2, 0) / n;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(mean / n)); // seeded; fails once in 2 million seeds
  expect(Math.abs(variance / mean - 1)).toBeLessThan(5 * Math.sqrt((2 + 1 / mean) / n));
});

test("each image has its own noise, the same whenever it is asked for", async () => {
  const split = { count: 2, columns: { x: Uint8Array.of(0, 255, 0, 255) } };
  const field = images([1, 2, 1]);
  const splits = { train: split, validation: split, test: split };
  const dataset = { name: "two", fields: { x: field }, hashes: {}, ...splits };
  const condition = operator({ kind: "noise", deviation: 0.1 }, [1, 2, 1]);
  const once = { random: new RandomStream("condition"), turn: async () => {} };
  const [one, again] = [await observed(dataset, condition, once), await observed(dataset, condition, once)];
  const y = one.train.columns["y"]!;
  expect(y).toEqual(again.train.columns["y"]);
  expect(y.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(new Set([...y, ...one.test.columns["y"]!]).size).toBe(8);
  expect(Math.abs(y[1]! - 1)).toBeLessThan(0.5);
  expect(one.fields["y"]).toMatchObject({ shape: [1, 2, 1], kind: "real" });
});

test.each([
  [{ kind: "downsample", factor: 5 }, [12, 18, 1], "It takes 2, 3, 6 for them"],
  [{ kind: "downsample", factor: 2 }, [7, 9, 1], "cannot be made smaller so"],
  [{ kind: "sinogram" }, [8, 8, 3], "dataset.channels 1 makes them grey"],
] as const)("%j of %j is refused", (settings, shape, told) => {
  expect(() => operator(settings, shape)).toThrow(told);
});

test("a condition that is in the data must be there", () => {
  const fields = { x: images([2, 2, 1]) };
  expect(givenField({ kind: "none" }, fields)).toBeUndefined();
  expect(() => givenField({ kind: "label" }, fields)).toThrow("this dataset has no classes (it has x)");
  expect(() => givenField({ kind: "given" }, fields)).toThrow("brings no y (it has x)");
});

test("SSIM by its formula", () => {
  const flat = (value: number) => new Float32Array(12 * 13 * 2).fill(value);
  const luminance = (2 * 0.5 * 0.25 + 1e-4) / (0.5 ** 2 + 0.25 ** 2 + 1e-4);
  expect(ssim(flat(0.5), flat(0.25), [12, 13, 2])).toBeCloseTo(luminance, 10);
  const x = random().uniforms(12 * 13);
  expect(ssim(x, x, [12, 13, 1])).toBeCloseTo(1, 12);
  expect(ssim(x, x, [6, 26, 1])).toBeCloseTo(1, 12);
});

// skimage.metrics.structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)
test("SSIM as scikit-image has it", () => {
  const image = (of: (i: number, j: number) => number) =>
    Float64Array.from({ length: 256 }, (_, k) => of(Math.floor(k / 16), k % 16));
  const a = image((i, j) => ((i * 7 + j * 3) % 17) / 16);
  const c = image((i, j) => ((i * 5 + j * 11) % 13) / 12);
  const wave = image((i, j) => 0.5 + 0.5 * Math.sin(0.3 * i + 0.2 * j));
  const of = (x: Float64Array, y: Float64Array) => ssim(x, y, [16, 16, 1]);
  expect(of(a, c)).toBeCloseTo(-0.03986701793001481, 9);
  expect(
    of(
      wave,
      wave.map((value, k) => 0.9 * value + 0.05 * c[k]!),
    ),
  ).toBeCloseTo(0.9841081470098696, 9);
  expect(
    of(
      a,
      a.map((value, k) => 0.8 * value + 0.1 * c[k]!),
    ),
  ).toBeCloseTo(0.9627576573175095, 9);
});

const folder = process.env["VAE_DATA_DIR"] ?? "";
const file = join(folder, "mnist", "t10k-images-idx3-ubyte.gz");

// As scikit-image has them: resize(order=3), and iradon(filter_name="ramp") of images padded to 40×40, cut off at 0 and 1.
testUnless(
  existsSync(file) ? undefined : "no MNIST (VAE_DATA_DIR names a folder with mnist/)",
  "baselines on 500 images of MNIST are within 1 dB of scikit-image's",
  () => {
    const bytes = gunzipSync(readFileSync(file)).subarray(16, 16 + 500 * 784);
    const x = Float32Array.from(bytes, (value) => value / 255);
    const quality = (settings: object) => {
      const { observe, baseline } = operator(settings, [28, 28, 1]);
      const estimate = new Float32Array(x.length);
      for (let i = 0; i < x.length; i += 784)
        estimate.set(baseline.reconstruct(observe(x.subarray(i, i + 784), random().fork(i))), i);
      const errors = x.map((value, i) => (value - estimate[i]!) ** 2);
      return -10 * Math.log10(errors.reduce((sum, error) => sum + error, 0) / x.length);
    };
    const figures: [object, number][] = [
      [{ kind: "downsample", factor: 2 }, 20.4],
      [{ kind: "downsample", factor: 4 }, 14.7],
      [{ kind: "sinogram", angles: 12, noiseLevel: 0.01 }, 20.7],
      [{ kind: "sinogram", angles: 12, noiseLevel: 0 }, 21.0],
      [{ kind: "sinogram", angles: 90, noiseLevel: 0 }, 24.4],
    ];
    const got = figures.map(([settings, wanted]) => [settings, wanted, quality(settings)] as const);
    for (const [, wanted, dB] of got) expect(Math.abs(dB - wanted)).toBeLessThan(1);
  },
);
