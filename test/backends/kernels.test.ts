import { fused } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { minusCrossEntropy } from "../../src/model/likelihoods/bernoulli.ts";
import { activate } from "../../src/model/networks/activations.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference, normal, original } from "./helpers.ts";

beforeAll(() => useBackend("wasm", { threads: 1 }));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

/** Relative to what float64 gives, for arguments from -80 to 80. */
test.each([
  ["exp", tf.exp, Math.exp],
  ["sigmoid", tf.sigmoid, (x: number) => 1 / (1 + Math.exp(-x))],
] as const)("%s has a relative error below 1e-6", (_, ours, theirs) => {
  const x = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 25);
  const results = ours(tf.tensor1d(x)).dataSync();
  expect(results.length).toBe(x.length);
  for (const [i, y] of results.entries())
    expect(Math.abs(y / theirs(x[i]!) - 1), `at ${x[i]}`).toBeLessThan(1e-6);
});

test("exp and sigmoid go to their limits, and keep what is not a number", () => {
  const infinity = Number.POSITIVE_INFINITY;
  const x = tf.tensor1d([-infinity, -1000, 1000, infinity, Number.NaN]);
  expect([...tf.exp(x).dataSync()]).toEqual([0, 0, infinity, infinity, Number.NaN]);
  expect([...tf.sigmoid(x).dataSync()]).toEqual([0, 0, 1, 1, Number.NaN]);
  expect([...tf.tanh(x).dataSync()]).toEqual([-1, -1, 1, 1, Number.NaN]);
  const small = tf.exp(tf.fill([4], -100)).dataSync(); // below what a normal float32 holds
  expect(small[0]! / Math.exp(-100)).toBeCloseTo(1, 1);
});

describe("elementwise kernels", () => {
  const unaries = {
    Neg: tf.neg,
    Abs: tf.abs,
    Square: tf.square,
    Relu: tf.relu,
    Exp: tf.exp,
    Sigmoid: tf.sigmoid,
    Tanh: tf.tanh,
  };
  test.each(Object.entries(unaries))("%s, of any size", (name, ours) => {
    for (const size of [1, 3, 4, 5, 7, 8, 131, 16_385, 40_001]) {
      const x = normal("x", [size]);
      expect(difference(ours(x), original(name, { x })[0]!)).toBeLessThan(1e-6);
    }
  });

  const binaries = { Add: tf.add, Sub: tf.sub, Multiply: tf.mul, RealDiv: tf.div };
  const shapes = [
    [[7], [7]],
    [
      [5, 9],
      [5, 9],
    ],
    [[5, 9], []],
    [
      [5, 9],
      [1, 1],
    ],
    [[5, 9], [9]],
    [
      [5, 9],
      [1, 9],
    ],
    [
      [5, 9],
      [5, 1],
    ],
    [
      [5, 1],
      [1, 9],
    ],
    [
      [2, 5, 9],
      [5, 9],
    ],
    [
      [2, 5, 9],
      [2, 1, 1],
    ],
    [
      [2, 5, 9],
      [2, 5, 1],
    ],
    [
      [2, 5, 9],
      [2, 1, 9],
    ], // left to the package, as are the next
    [
      [5, 3],
      [5, 1],
    ],
    [
      [300, 9],
      [300, 1],
    ],
    [[2], [2]],
  ] as const;
  test.each(Object.entries(binaries))("%s, broadcast from either side", (name, ours) => {
    for (const [left, right] of shapes) {
      const [a, b] = [normal("a", [...left]), normal("b", [...right])];
      for (const [x, y] of [
        [a, b],
        [b, a],
      ] as const) {
        const [theirs] = original(name, { a: x, b: y });
        expect(ours(x, y).shape).toEqual(theirs!.shape);
        expect([...ours(x, y).dataSync()], `${left} with ${right}`).toEqual([...theirs!.dataSync()]);
      }
    }
  });

  test("of integers are as they were", () => {
    const x = tf.tensor1d([-3, 2, 5, 7, -1], "int32");
    expect([...tf.add(x, x).dataSync()]).toEqual([-6, 4, 10, 14, -2]);
    expect([...tf.abs(x).dataSync()]).toEqual([3, 2, 5, 7, 1]);
  });
});

describe("softplus", () => {
  test("has a relative error below 1e-6, from far left to far right", () => {
    const x = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 25); // -80 … 80
    const y = tf.softplus(tf.tensor1d(x)).dataSync();
    for (const [i, v] of x.entries()) {
      const wanted = Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
      expect(Math.abs(y[i]! / wanted - 1), `softplus(${v})`).toBeLessThan(1e-6);
    }
  });

  test("goes to its limits, and keeps what is not a number", () => {
    const infinity = Number.POSITIVE_INFINITY;
    const y = tf.softplus(tf.tensor1d([-infinity, -200, 200, infinity, Number.NaN]));
    expect([...y.dataSync()]).toEqual([0, 0, 200, infinity, Number.NaN]);
  });
});

describe("the Bernoulli log-likelihood", () => {
  const composed = (l: tf.Tensor2D, x: tf.Tensor2D) => tf.sum(tf.sub(tf.mul(x, l), tf.softplus(l)), 1);
  const composedGrad = (dy: tf.Tensor, l: tf.Tensor, x: tf.Tensor) =>
    tf.mul(tf.expandDims(dy, 1), tf.sub(x, tf.sigmoid(l)));

  test.each([
    [1, 3],
    [1, 4],
    [3, 13],
    [128, 784],
  ])("of %i images of %i pixels, and its gradient", (B, D) => {
    const l = tf.mul(normal("l", [B, D]), 30) as tf.Tensor2D;
    const x = tf.cast(tf.greater(normal("x", [B, D]), 0), "float32") as tf.Tensor2D;
    const dy = normal("dy", [B]) as tf.Tensor1D;
    expect(difference(minusCrossEntropy(l, x), composed(l, x))).toBeLessThan(1e-6);
    const gradient = tf.grad((l: tf.Tensor) => minusCrossEntropy(l as tf.Tensor2D, x))(l, dy);
    expect(difference(gradient, composedGrad(dy, l, x))).toBeLessThan(1e-6);
  });

  test("is exact at extreme logits", () => {
    const l = tf.tensor2d([1e30, -1e30, 0, 0], [1, 4]);
    const x = tf.tensor2d([1, 0, 1, 0], [1, 4]);
    expect(minusCrossEntropy(l, x).dataSync()[0]).toBeCloseTo(-2 * Math.LN2, 6);
    expect([
      ...tf
        .grad((l: tf.Tensor) => minusCrossEntropy(l as tf.Tensor2D, x))(l)
        .dataSync(),
    ]).toEqual([0, 0, 0.5, -0.5]);
    const wrong = tf.tensor2d([-1e30, 0, 0, 0], [1, 4]);
    expect(minusCrossEntropy(wrong, x).dataSync()[0]).toBeCloseTo(-1e30, -24);
  });
});

test.each([3, 4, 13])("the gradient of relu is dy where x is above zero, of %i numbers", (size) => {
  const x = tf.tensor1d([0, -1, 2, 1e-30, -1e30, -0, 5, -3, 4, 1, -1, 1, 7].slice(0, size));
  const dy = normal("dy", [size]) as tf.Tensor1D;
  const gradient = tf
    .grad((x: tf.Tensor) => activate("relu", x))(x, dy)
    .dataSync();
  const values = x.dataSync();
  expect([...gradient]).toEqual([...dy.dataSync()].map((slope, i) => (values[i]! > 0 ? slope : 0)));
});

describe("sum", () => {
  test.each([
    { shape: [6, 5], axis: 0 },
    { shape: [128, 401], axis: 0 },
    { shape: [7, 3, 10], axis: 0 },
    { shape: [7, 3, 10], axis: [1, 0] },
    { shape: [7, 3, 10], axis: [0, 2] },
    { shape: [7, 3, 10], axis: -1 },
    { shape: [7, 3, 10], axis: undefined },
  ])("$shape over $axis", ({ shape, axis }) => {
    const x = normal("x", shape);
    for (const keepDims of [false, true]) {
      const ours = tf.sum(x, axis, keepDims);
      const [theirs] = original("Sum", { x }, { axis: axis ?? shape.map((_, i) => i), keepDims });
      expect(ours.shape).toEqual(theirs!.shape);
      expect(difference(ours, theirs!)).toBeLessThan(1e-5);
    }
  });

  test("over an empty batch is zero", () => {
    expect([...tf.sum(tf.zeros([0, 3]), 0).dataSync()]).toEqual([0, 0, 0]);
  });
});

describe("transpose", () => {
  test.each([[[1, 5]], [[5, 1]], [[8, 16]], [[13, 37]], [[128, 61]], [[3, 9, 20]], [[2, 3, 9, 20]]])(
    "%j",
    (shape) => {
      const x = normal("x", shape);
      const rank = shape.length;
      const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
      const [theirs] = original("Transpose", { x }, { perm });
      expect(tf.transpose(x, perm).shape).toEqual(theirs!.shape);
      expect(difference(tf.transpose(x, perm), theirs!)).toBe(0);
    },
  );

  test("other permutations, and other types, are as they were", () => {
    const x = normal("x", [2, 3, 4]);
    const [theirs] = original("Transpose", { x }, { perm: [2, 0, 1] });
    expect(difference(tf.transpose(x, [2, 0, 1]), theirs!)).toBe(0);
    expect([...tf.transpose(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3], "int32")).dataSync()]).toEqual([
      1, 4, 2, 5, 3, 6,
    ]);
  });
});

describe("joining and splitting", () => {
  const a = () => normal("a", [6, 5, 4]);
  const b = () => normal("b", [6, 5, 4]);

  test.each([0, 1, 2, -1])("concat and stack along %i", (axis) => {
    const [joined] = original("Concat", [a(), b()], { axis: axis < 0 ? 2 : axis });
    expect(difference(tf.concat([a(), b()], axis), joined!)).toBe(0);
    const [stacked] = original("Pack", [a(), b()], { axis: axis < 0 ? 3 : axis });
    const ours = tf.stack([a(), b()], axis);
    expect(ours.shape).toEqual(stacked!.shape);
    expect(difference(ours, stacked!)).toBe(0);
  });

  test.each([0, 1, 2, -1])("split, slice and unstack along %i undo it", (axis) => {
    const joined = tf.concat([a(), b()], axis);
    for (const [i, part] of tf.split(joined, 2, axis).entries())
      expect(difference(part, [a(), b()][i]!)).toBe(0);
    const begin = a().shape.map((size, i) => (i === (axis + 3) % 3 ? size : 0));
    expect(difference(tf.slice(joined, begin, b().shape), b())).toBe(0);
    const [first, second] = tf.unstack(tf.stack([a(), b()], axis), axis);
    expect([difference(first!, a()), difference(second!, b())]).toEqual([0, 0]);
  });

  test("unequal parts, scalars, and slices of two dimensions", () => {
    const c = normal("c", [6, 2, 4]);
    expect(difference(tf.slice(tf.concat([a(), c], 1), [0, 5, 0]), c)).toBe(0);
    expect([...tf.stack([tf.scalar(1), tf.scalar(2)]).dataSync()]).toEqual([1, 2]);
    expect([...tf.slice(tf.reshape(tf.range(0, 12), [3, 4]), [1, 2], [2, 2]).dataSync()]).toEqual([
      6, 7, 10, 11,
    ]);
  });
});

describe("tile", () => {
  test.each([
    { shape: [5], reps: [3] },
    { shape: [1, 7], reps: [4, 1] },
    { shape: [7, 1], reps: [1, 4] },
    { shape: [2, 3], reps: [3, 2] },
    { shape: [2, 1, 3], reps: [2, 5, 3] },
  ])("$shape by $reps", ({ shape, reps }) => {
    const x = normal("x", shape);
    const [theirs] = original("Tile", { x }, { reps });
    expect(difference(tf.tile(x, reps), theirs!)).toBe(0);
  });
});

describe("the gradient of maxPool", () => {
  // Two windows of 2x2, with their largest elements -1 and 6.
  const x = () => tf.tensor4d([-4, -1, -2, -3, -9, -8, 5, 6], [1, 2, 4, 1]);
  const dy = () => tf.tensor4d([10, 20], [1, 1, 2, 1]);

  test("reaches windows without a positive element, which the package misses", () => {
    const attrs = { filterSize: [2, 2], strides: [2, 2], pad: "valid" };
    const [theirs] = original("MaxPoolGrad", { dy: dy(), input: x(), output: x() }, attrs);
    expect([...theirs!.dataSync()]).toEqual([10, 0, 0, 0, 0, 0, 0, 20]);
    const dx = tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"))(x(), dy());
    expect([...dx.dataSync()]).toEqual([0, 10, 0, 0, 0, 0, 0, 20]);
  });

  test("agrees with the package's on positive images: strides, padding, channels, batches", () => {
    const images = tf.abs(normal("images", [2, 7, 9, 3]));
    for (const [size, stride, pad] of [
      [2, 2, "valid"],
      [3, 2, "same"],
      [3, 1, "same"],
      [2, 3, "valid"],
    ] as const) {
      const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, size, stride, pad);
      const upstream = normal("dy", pool(images).shape);
      const attrs = { filterSize: [size, size], strides: [stride, stride], pad };
      const [theirs] = original("MaxPoolGrad", { dy: upstream, input: images, output: images }, attrs);
      expect(difference(tf.grad(pool)(images, upstream), theirs!)).toBeLessThan(1e-6);
    }
  });
});

test("a clone shares its memory, and outlives the original", () => {
  const x = normal("x", [100]);
  const wanted = x.dataSync();
  const buffers = tf.memory().numDataBuffers;
  const copy = x.clone();
  expect(tf.memory().numDataBuffers).toBe(buffers);
  x.dispose();
  expect([...copy.dataSync()]).toEqual([...wanted]);
});

test("nothing is left behind in the memory of the backend", () => {
  const everything = () =>
    tf.tidy(() => {
      const [a, b] = [normal("a", [4, 6, 5]), normal("b", [4, 6, 7])];
      const y = fused.matMul({
        a: a as tf.Tensor3D,
        b: b as tf.Tensor3D,
        transposeA: true,
        activation: "relu",
      });
      const row = tf.slice(tf.sum(y, 0), [0, 0], [1, 7]);
      const images = tf.stack([y, tf.softplus(y), tf.reshape(tf.tile(row, [20, 1]), [4, 5, 7])], 3);
      const loss = (x: tf.Tensor) => tf.sum(tf.unstack(tf.maxPool(x as tf.Tensor4D, 2, 2, "same"), 3)[0]!);
      tf.grad(loss)(images);
    });
  everything();
  const before = [tf.memory().numTensors, tf.memory().numDataBuffers, tf.backend().numDataIds()];
  everything();
  expect([tf.memory().numTensors, tf.memory().numDataBuffers, tf.backend().numDataIds()]).toEqual(before);
});
