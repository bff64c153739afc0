import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { fused } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { K, M, N, rowMajor } from "../../src/backends/webgpu/kernels/matrix.ts";
import { multiply } from "../../src/backends/webgpu/kernels/product.ts";
import { plan, shapes, shareOf, tileOf } from "../../src/backends/webgpu/kernels/tiles.ts";
import { Shader } from "../../src/backends/webgpu/shader.ts";
import type { LayerActivation } from "../../src/model/networks/activations.ts";
import { convolution, transposedConvolution } from "../../src/model/networks/convolution.ts";
import { dense } from "../../src/model/networks/dense.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference, normal } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

/** Relative to the largest number: a few roundings of float32. */
const TOLERANCE = 2e-6;

beforeAll(async () => {
  if (absent) return;
  await tf.setBackend("webgpu");
});

const commands = () => vi.spyOn(Shader.prototype, "run");
afterEach(() => vi.restoreAllMocks());

/** Runs `f` and gives the numbers of what it returns. */
async function numbersOf(f: () => tf.Tensor[]): Promise<Float32Array[]> {
  const results = tf.tidy(f);
  const numbers = await Promise.all(results.map((x) => x.data() as Promise<Float32Array>));
  tf.dispose(results);
  return numbers;
}

/** The value of `f` and its gradients for the given dy, against what is wanted of them, and the same bytes again. */
async function compare(
  f: (...xs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
  wanted: readonly ArrayLike<number>[],
): Promise<void> {
  const compute = () => numbersOf(() => [f(...inputs), ...tf.grads(f)(inputs, dy)]);
  const got = await compute();
  expect(got.length).toBe(wanted.length);
  for (const [i, numbers] of got.entries()) {
    expect(difference(numbers, wanted[i]!), i ? `gradient ${i}` : "value").toBeLessThan(TOLERANCE);
  }
  expect(await compute()).toEqual(got);
}

/** a [m, k] · b [k, n] in float64, where the sides lie transposed if asked for. */
function product(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [m, k, n]: readonly [number, number, number],
  [transposeA, transposeB] = [false, false],
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const left = a[transposeA ? l * m + i : i * k + l]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += left * b[transposeB ? j * k + l : l * n + j]!;
    }
  }
  return out;
}

/** Each f with its derivative. */
const functions: Record<LayerActivation, [f: (x: number) => number, slope: (x: number) => number]> = {
  linear: [(x) => x, () => 1],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  elu: [(x) => (x > 0 ? x : Math.expm1(x)), (x) => (x > 0 ? 1 : Math.exp(x))],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), (x) => 1 / (1 + Math.exp(-x))],
};
const activations = Object.keys(functions) as LayerActivation[];

const zip = (a: ArrayLike<number>, b: ArrayLike<number>, f: (a: number, b: number) => number) =>
  Float64Array.from({ length: a.length }, (_, i) => f(a[i]!, b[i]!));

/** Sums of the columns of [?, columns]. */
function columnSums(x: ArrayLike<number>, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) sums[i % columns]! += x[i]!;
  return sums;
}

/** f(product + bias), and dy·f′ there. */
function activated(
  kind: LayerActivation,
  sums: Float64Array,
  bias: ArrayLike<number>,
  dy: ArrayLike<number>,
) {
  const [f, slope] = functions[kind];
  const before = sums.map((x, i) => x + bias[i % bias.length]!);
  return { y: before.map(f), gradient: zip(dy, before.map(slope), (a, b) => a * b) };
}

describe.skipIf(absent)("matMul", () => {
  const sizes = [
    [1, 1, 1],
    [63, 65, 127],
    [64, 128, 68],
    [1, 1000, 3],
    [96, 404, 8],
  ] as const;
  const transposes = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const;

  test.each(transposes)("transposed: %s, %s", async (transposeA, transposeB) => {
    for (const size of sizes) {
      const [m, k, n] = size;
      const a = normal("a", transposeA ? [k, m] : [m, k]);
      const b = normal("b", transposeB ? [n, k] : [k, n]);
      const multiply = () => numbersOf(() => [tf.matMul(a, b, transposeA, transposeB)]);
      const [got] = (await multiply()) as [Float32Array];
      const wanted = product(await a.data(), await b.data(), size, [transposeA, transposeB]);
      expect(difference(got, wanted), size.join()).toBeLessThan(TOLERANCE);
      expect(await multiply(), "again").toEqual([got]);
    }
  });

  test.each(shapes)("in tiles of %i x %i", async (...shape) => {
    const [m, k, n] = [75, 75, 70];
    const [a, b] = [normal("a", [m, k]), normal("b", [n, k])];
    const wanted = product(await a.data(), await b.data(), [m, k, n], [false, true]);
    const tile = tileOf(shape, 40);
    for (const shares of [1, Math.ceil(k / shareOf(k, 3, tile))]) {
      const run = commands().mockClear();
      const backend = tf.backend() as unknown as WebGPUBackend;
      const out = backend.makeTensorInfo([m, n], "float32");
      multiply(
        backend,
        {
          ...{ name: "Test", rows: m, columns: n, depth: k, transposeB: true },
          a: rowMajor({ tensor: a }, M, K, k),
          b: rowMajor({ tensor: b }, N, K, k),
          outputs: [rowMajor({ tensor: out }, M, N, n)],
        },
        { tile, shares },
      );
      expect(run).toHaveBeenCalledTimes(shares === 1 ? 1 : 2);
      const got = tf.engine().makeTensorFromTensorInfo(out);
      expect(difference(await got.data(), wanted)).toBeLessThan(TOLERANCE);
    }
  });

  test("of batches of one matrix, with bias and activation, and what is left to the package", async () => {
    const [a, b] = [normal("a", [1, 9, 17]), normal("b", [17, 6])] as [tf.Tensor3D, tf.Tensor2D];
    const sums = product(await a.data(), await b.data(), [9, 17, 6]);
    const batch = tf.matMul(a, tf.expandDims(b, 0));
    expect(batch.shape).toEqual([1, 9, 6]);
    expect(difference(await batch.data(), sums)).toBeLessThan(TOLERANCE);

    const bias = normal("bias", [6]);
    const biases = await bias.data();
    for (const activation of ["relu", "elu", "sigmoid"] as const) {
      const f = functions[activation as "relu"]?.[0] ?? ((x: number) => 1 / (1 + Math.exp(-x)));
      const [got] = await numbersOf(() => [
        fused.matMul({ a: tf.reshape(a, [9, 17]) as tf.Tensor2D, b, bias, activation }),
      ]);
      const wanted = sums.map((x, i) => f(x + biases[i % 6]!));
      expect(difference(got!, wanted), activation).toBeLessThan(TOLERANCE);
    }
    const run = commands();
    const two = tf.matMul(tf.concat([a, a]), tf.stack([b, b]));
    expect(two.shape).toEqual([2, 9, 6]);
    expect(difference(await two.data(), [...sums, ...sums])).toBeLessThan(TOLERANCE);
    expect(run).not.toHaveBeenCalled();
  });
});

describe.skipIf(absent)("dense", () => {
  async function check(kind: LayerActivation, [B, fanIn, fanOut]: readonly [number, number, number]) {
    const x = normal("x", [B, fanIn]);
    const kernel = normal("kernel", [fanIn, fanOut]);
    const bias = normal("bias", [fanOut]);
    const dy = normal("dy", [B, fanOut]);
    const [xs, ws, bs, dys] = await Promise.all([x, kernel, bias, dy].map((t) => t.data()));
    const { y, gradient } = activated(kind, product(xs!, ws!, [B, fanIn, fanOut]), bs!, dys!);
    await compare(
      (x, kernel, bias) => dense(x as tf.Tensor2D, kernel as tf.Tensor2D, bias as tf.Tensor1D, kind),
      [x, kernel, bias],
      dy,
      [
        y,
        product(gradient, ws!, [B, fanOut, fanIn], [false, true]),
        product(xs!, gradient, [fanIn, B, fanOut], [true, false]),
        columnSums(gradient, fanOut),
      ],
    );
  }

  test.each(activations)("%s", async (kind) => {
    await check(kind, [13, 37, 21]);
    await check(kind, [12, 36, 20]);
  });

  test("of one image, one input, one output, and of many", async () => {
    await check("relu", [1, 1, 1]);
    await check("relu", [1, 100, 3]);
    await check("relu", [129, 1, 64]);
    await check("relu", [65, 130, 1]);
  });

  test("is one command, and its gradient two", async () => {
    const [x, kernel, bias] = [normal("x", [6, 9]), normal("kernel", [9, 7]), normal("bias", [7])] as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor1D,
    ];
    const run = commands();
    await numbersOf(() => [dense(x, kernel, bias, "tanh")]);
    expect(run).toHaveBeenCalledTimes(1);
    const grads = tf.grads((...xs) => dense(xs[0] as tf.Tensor2D, xs[1] as tf.Tensor2D, bias, "tanh"));
    await numbersOf(() => grads([x, kernel], tf.ones([6, 7])));
    expect(run).toHaveBeenCalledTimes(1 + 3);
    // Nobody asks for the gradient of the images.
    await numbersOf(() => [
      tf.grad((w) => dense(x, w as tf.Tensor2D, bias, "tanh"))(kernel, tf.ones([6, 7])),
    ]);
    expect(run).toHaveBeenCalledTimes(4 + 2);
  });

  test.each(activations)("%s keeps what is not finite", async (kind) => {
    const x = tf.tensor2d([[Number.NaN], [Number.POSITIVE_INFINITY]]);
    const [y] = await numbersOf(() => [dense(x, tf.ones([1, 1]), tf.zeros([1]), kind)]);
    expect(y![0]).not.toSatisfy(Number.isFinite); // exp(NaN) is infinite in software
    if (kind !== "tanh") expect(y![1]).toBe(Number.POSITIVE_INFINITY);
  });
});

interface Geometry {
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly O: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: "same" | "valid";
}

/** y = x ∗ w, ∂L/∂x and ∂L/∂w for a given dy, in float64. */
function convolve(
  { B, H, W, C, O, kernel: [KH, KW], stride, pad }: Geometry,
  [x, w, dy]: readonly ArrayLike<number>[],
) {
  const outSize = (size: number, k: number, s: number) =>
    pad === "same" ? Math.ceil(size / s) : Math.ceil((size - k + 1) / s);
  const before = (size: number, k: number, s: number) =>
    pad === "same" ? Math.floor(Math.max(0, (Math.ceil(size / s) - 1) * s + k - size) / 2) : 0;
  const [OH, OW] = [outSize(H, KH, stride[0]), outSize(W, KW, stride[1])];
  const [top, left] = [before(H, KH, stride[0]), before(W, KW, stride[1])];
  const y = new Float64Array(B * OH * OW * O);
  const [dx, dw] = [new Float64Array(x!.length), new Float64Array(w!.length)];
  for (let place = 0; place < B * OH * OW; place++) {
    const [b, i, j] = [Math.floor(place / (OH * OW)), Math.floor(place / OW) % OH, place % OW];
    for (let tap = 0; tap < KH * KW; tap++) {
      const h = i * stride[0] + Math.floor(tap / KW) - top;
      const v = j * stride[1] + (tap % KW) - left;
      if (h < 0 || h >= H || v < 0 || v >= W) continue;
      for (let c = 0; c < C; c++) {
        const from = ((b * H + h) * W + v) * C + c;
        for (let o = 0; o < O; o++) {
          const weight = (tap * C + c) * O + o;
          y[place * O + o]! += x![from]! * w![weight]!;
          dx[from]! += (dy?.[place * O + o] ?? 0) * w![weight]!;
          dw[weight]! += (dy?.[place * O + o] ?? 0) * x![from]!;
        }
      }
    }
  }
  return { y, dx, dw, shape: [B, OH, OW, O] };
}

describe.skipIf(absent)("convolution", () => {
  // Each size, stride and number of channels with some of the others.
  test.each<[string, Geometry]>(
    (
      [
        [2, 6, 6, 1, 3, 1, 1, "same"],
        [1, 7, 9, 3, 5, 1, 2, "valid"],
        [2, 8, 8, 1, 32, 2, 2, "same"],
        [3, 5, 7, 5, 1, 2, 1, "valid"],
        [1, 7, 5, 32, 4, 2, 3, "same"],
        [2, 7, 7, 4, 8, 3, 1, "same"],
        [1, 10, 11, 5, 3, 3, 3, "valid"],
        [2, 7, 9, 1, 5, 4, 2, "same"],
        [1, 9, 8, 8, 12, 4, 3, "valid"],
        [1, 11, 8, 3, 1, 5, 2, "same"],
        [1, 9, 9, 32, 5, 5, 1, "valid"],
        [2, 3, 2, 4, 4, 5, 2, "same"], // the filter is larger than the image
        [1, 5, 5, 2, 3, [2, 3], [3, 1], "valid"],
        [1, 1, 5, 2, 4, 2, 2, "same"],
      ] as const
    ).map(([B, H, W, C, O, k, s, pad]) => {
      const geometry: Geometry = {
        ...{ B, H, W, C, O, pad },
        kernel: typeof k === "number" ? [k, k] : k,
        stride: typeof s === "number" ? [s, s] : s,
      };
      return [`${B}x${H}x${W}x${C} to ${O}, kernel ${k}, stride ${s}, ${pad}`, geometry];
    }),
  )("%s", async (_, geometry) => {
    const { B, H, W, C, O, kernel, stride, pad } = geometry;
    const x = normal("x", [B, H, W, C]) as tf.Tensor4D;
    const w = normal("w", [...kernel, C, O]) as tf.Tensor4D;
    const [xs, ws] = await Promise.all([x.data(), w.data()]);
    const dy = normal("dy", convolve(geometry, [xs, ws]).shape) as tf.Tensor4D;
    const wanted = convolve(geometry, [xs, ws, await dy.data()]);
    const strides = [...stride] as [number, number];
    await compare((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad), [x, w], dy, [
      wanted.y,
      wanted.dx,
      wanted.dw,
    ]);
    const transposed = tf.conv2dTranspose(dy, w, x.shape, strides, pad);
    expect(difference(await transposed.data(), wanted.dx)).toBeLessThan(TOLERANCE);
  });

  test("the sums over a large batch are shared, in two commands", async () => {
    const geometry = {
      B: 30,
      H: 21,
      W: 21,
      C: 1,
      O: 6,
      kernel: [4, 4],
      stride: [2, 2],
      pad: "same",
    } as const;
    const [x, dy] = [normal("x", [30, 21, 21, 1]), normal("dy", [30, 11, 11, 6])] as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const gradient = () =>
      numbersOf(() => [
        tf.grad((w) => tf.conv2d(x, w as tf.Tensor4D, 2, "same"))(tf.zeros([4, 4, 1, 6]), dy),
      ]);
    const run = commands();
    const got = await gradient();
    expect(run).toHaveBeenCalledTimes(1 + 2);
    const wanted = convolve(geometry, [await x.data(), new Float64Array(96), await dy.data()]);
    expect(difference(got[0]!, wanted.dw)).toBeLessThan(TOLERANCE);
    expect(await gradient()).toEqual(got);
  });

  test("dilated ones are left to the package", async () => {
    const [x, w] = [normal("x", [1, 9, 9, 2]), normal("w", [3, 3, 2, 4])] as [tf.Tensor4D, tf.Tensor4D];
    const run = commands();
    const [dilated] = await numbersOf(() => [tf.conv2d(x, w, 1, "valid", "NHWC", 2)]);
    expect(run).not.toHaveBeenCalled();
    // The same with the filter's gaps filled with zeros.
    const weights = await w.data();
    const spread = tf.buffer([5, 5, 2, 4]);
    for (let i = 0; i < weights.length; i++) {
      const [tap, c, o] = [Math.floor(i / 8), Math.floor(i / 4) % 2, i % 4];
      spread.set(weights[i]!, 2 * Math.floor(tap / 3), 2 * (tap % 3), c, o);
    }
    const [wanted] = await numbersOf(() => [tf.conv2d(x, spread.toTensor() as tf.Tensor4D, 1, "valid")]);
    expect(difference(dilated!, wanted!)).toBeLessThan(TOLERANCE);
  });
});

describe.skipIf(absent)("layers of convolutions", () => {
  const geometry = (size: number, C: number, O: number, kernel: number): Geometry => ({
    ...{ B: 3, H: size, W: size + 1, C, O, pad: "same" },
    kernel: [kernel, kernel],
    stride: [2, 2],
  });
  const cases: [LayerActivation, Geometry][] = [
    ["linear", geometry(7, 1, 4, 4)],
    ["relu", geometry(8, 4, 8, 4)],
    ["elu", geometry(9, 3, 5, 3)],
    ["tanh", geometry(6, 4, 3, 2)],
    ["softplus", geometry(5, 2, 4, 5)],
  ];

  test.each(cases)("%s", async (activation, sizes) => {
    const { B, H, W, C, O, kernel } = sizes;
    const [x, w, bias] = [normal("x", [B, H, W, C]), normal("w", [...kernel, C, O]), normal("bias", [O])];
    const [xs, ws, bs] = (await Promise.all([x!, w!, bias!].map((t) => t.data()))) as Float32Array[];
    const { y: sums, shape } = convolve(sizes, [xs!, ws!]);
    const dy = normal("dy", shape);
    const { y, gradient } = activated(activation, sums, bs!, await dy.data());
    const { dx, dw } = convolve(sizes, [xs!, ws!, gradient]);
    await compare(
      (x, w, bias) => convolution(x as tf.Tensor4D, w as tf.Tensor4D, bias!, { stride: 2, activation }),
      [x!, w!, bias!],
      dy,
      [y, dx, dw, columnSums(gradient, O)],
    );
  });

  test.each(cases)("%s, transposed", async (activation, sizes) => {
    const { B, H, W, C, O, kernel } = sizes;
    const larger = [B, H, W, C];
    const { shape } = convolve(sizes, [
      new Float64Array(B * H * W * C),
      new Float64Array(kernel[0] ** 2 * C * O),
    ]);
    const [x, w, dy] = [normal("x", shape), normal("w", [...kernel, C, O]), normal("dy", larger)];
    const [xs, ws, dys] = (await Promise.all([x!, w!, dy!].map((t) => t.data()))) as Float32Array[];
    // What is the gradient of the input for a convolution is the value of the transposed one.
    const { dx: sums } = convolve(sizes, [new Float64Array(dys!.length), ws!, xs!]);
    for (const biasShape of [[C], [H, W, C]]) {
      const bias = normal("bias", biasShape);
      const { y, gradient } = activated(activation, sums, await bias.data(), dys!);
      await compare(
        (x, w, bias) =>
          transposedConvolution(x as tf.Tensor4D, w as tf.Tensor4D, bias!, {
            ...{ size: [H, W], stride: 2, activation },
          }),
        [x!, w!, bias],
        dy!,
        [
          y,
          convolve(sizes, [gradient, ws!]).y,
          convolve(sizes, [gradient, new Float64Array(ws!.length), xs!]).dw,
          columnSums(gradient, bias.size),
        ],
      );
    }
  });
});

describe("plans", () => {
  test("the shares cover the inner dimension, in whole tiles", () => {
    for (const [M, N, K] of [
      [17, 32, 25_088],
      [513, 64, 6272],
      [1, 1, 100_000],
      [3, 5, 7],
    ] as const) {
      const { tile, shares } = plan(M, N, K, true);
      const share = shareOf(K, shares, tile);
      expect(share % tile.depth).toBe(0);
      expect(share * shares).toBeGreaterThanOrEqual(K);
      expect(share * (shares - 1)).toBeLessThan(K);
      expect(plan(M, N, K, false).shares).toBe(1);
    }
  });

  test("a large card is used by small results with long sums, and by large products", () => {
    const workgroups = (M: number, N: number, K: number, maySplit: boolean) => {
      const { tile, shares } = plan(M, N, K, maySplit);
      return Math.ceil(M / tile.rows) * Math.ceil(N / tile.columns) * shares;
    };
    expect(workgroups(17, 32, 25_088, true)).toBeGreaterThan(128); // the filter of the first convolution
    expect(workgroups(128, 400, 784, false)).toBeGreaterThan(128);
    expect(workgroups(128, 40, 784, false)).toBeGreaterThan(64);
    expect(workgroups(1024, 2000, 2000, false)).toBeGreaterThanOrEqual(128);
  });
});
