import { fused } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { adamStep, useBackend } from "../../src/backends/index.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference, normal } from "./helpers.ts";

beforeAll(() => useBackend("wasm", { threads: 2 }));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

type Shape = [number, number, number, number];
type Pad = "same" | "valid" | number | tf.ExplicitPadding;

interface Layer {
  x: Shape;
  filter: Shape;
  strides: [number, number];
  pad: Pad;
}

const outShape = ({ x, filter, strides, pad }: Layer) =>
  tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, rounding(pad)).outShape as Shape;

const rounding = (pad: Pad) => (typeof pad === "number" ? "floor" : undefined);

/** y = conv(x, w) and the gradients of Σ y·dy with respect to x and w, from the definition in float64. */
function reference(layer: Layer, x: Float32Array, w: Float32Array, dy: Float32Array) {
  const [B, H, W, C] = layer.x;
  const [KH, KW, , O] = layer.filter;
  const [, OH, OW] = outShape(layer);
  const [down, right] = layer.strides;
  const { padInfo } = tf.backend_util.computeConv2DInfo(
    layer.x,
    layer.filter,
    layer.strides,
    1,
    layer.pad,
    rounding(layer.pad),
  );
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  for (let b = 0; b < B; b++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++)
        for (let m = 0; m < KH; m++)
          for (let n = 0; n < KW; n++) {
            const [row, column] = [i * down + m - padInfo.top, j * right + n - padInfo.left];
            if (row < 0 || row >= H || column < 0 || column >= W) continue;
            for (let c = 0; c < C; c++)
              for (let o = 0; o < O; o++) {
                const atX = ((b * H + row) * W + column) * C + c;
                const atW = ((m * KW + n) * C + c) * O + o;
                const atY = ((b * OH + i) * OW + j) * O + o;
                y[atY]! += x[atX]! * w[atW]!;
                dx[atX]! += w[atW]! * dy[atY]!;
                dw[atW]! += x[atX]! * dy[atY]!;
              }
          }
  return { y, dx, dw };
}

const layers: Layer[] = [
  { x: [3, 6, 6, 2], filter: [3, 3, 2, 4], strides: [1, 1], pad: "same" },
  { x: [3, 6, 6, 2], filter: [4, 4, 2, 4], strides: [2, 2], pad: "same" },
  { x: [2, 7, 9, 1], filter: [4, 4, 1, 3], strides: [2, 2], pad: "same" },
  { x: [2, 7, 9, 3], filter: [3, 3, 3, 5], strides: [2, 2], pad: "same" },
  { x: [2, 5, 8, 3], filter: [5, 3, 3, 1], strides: [1, 2], pad: "same" },
  { x: [2, 8, 5, 3], filter: [3, 3, 3, 2], strides: [2, 2], pad: "valid" }, // a row is left over
  { x: [2, 5, 5, 2], filter: [4, 4, 2, 3], strides: [1, 1], pad: "valid" },
  { x: [2, 6, 7, 2], filter: [3, 3, 2, 3], strides: [1, 1], pad: 2 },
  { x: [2, 6, 6, 2], filter: [2, 2, 2, 3], strides: [2, 2], pad: 2 }, // pixels of y that see padding only
  {
    x: [2, 6, 6, 2],
    filter: [3, 4, 2, 3],
    strides: [2, 2],
    pad: [
      [0, 0],
      [0, 3],
      [2, 1],
      [0, 0],
    ],
  },
  { x: [2, 7, 7, 2], filter: [2, 2, 2, 3], strides: [3, 3], pad: "same" }, // pixels of x that nothing sees
  { x: [2, 5, 6, 2], filter: [1, 1, 2, 3], strides: [2, 2], pad: "valid" },
  { x: [4, 1, 1, 5], filter: [4, 4, 5, 2], strides: [2, 2], pad: "same" },
  { x: [3, 1, 1, 9], filter: [3, 3, 9, 3], strides: [2, 2], pad: "same" }, // a phase without pixels
  { x: [2, 7, 9, 9], filter: [4, 4, 9, 3], strides: [2, 2], pad: "same" },
  { x: [2, 8, 5, 9], filter: [3, 3, 9, 2], strides: [2, 2], pad: "valid" }, // a row is left over
  { x: [2, 7, 7, 17], filter: [2, 2, 17, 3], strides: [3, 3], pad: "same" },
  { x: [1, 14, 14, 40], filter: [4, 4, 40, 24], strides: [2, 2], pad: "same" },
];

describe("convolution", () => {
  test.each(layers)("x $x, filter $filter, strides $strides, pad $pad", (layer) => {
    const { strides, pad } = layer;
    const x = normal("x", layer.x) as tf.Tensor4D;
    const w = normal("w", layer.filter) as tf.Tensor4D;
    const dy = normal("dy", outShape(layer)) as tf.Tensor4D;
    const [xs, ws, dys] = [x, w, dy].map((t) => t.dataSync() as Float32Array);
    const wanted = reference(layer, xs!, ws!, dys!);

    const y = (image: tf.Tensor, filter: tf.Tensor) =>
      tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, "NHWC", 1, rounding(pad));
    expect(difference(y(x, w), wanted.y)).toBeLessThan(1e-5);
    // Kernels, not tf.grads: the gradient of conv2d forgets the rounding mode.
    const attrs = { strides, pad, dataFormat: "NHWC", dimRoundingMode: rounding(pad)! };
    const dx = run("Conv2DBackpropInput", { dy, filter: w }, { ...attrs, inputShape: layer.x });
    const dw = run("Conv2DBackpropFilter", { x, dy }, { ...attrs, filterShape: layer.filter });
    expect([dx.shape, dw.shape]).toEqual([layer.x, layer.filter]);
    expect(difference(dx, wanted.dx)).toBeLessThan(1e-5);
    expect(difference(dw, wanted.dw)).toBeLessThan(1e-5);
  });

  test("sizes on which TensorFlow.js and XNNPACK disagree are refused", () => {
    const inputs = { dy: tf.zeros([1, 6, 4, 1]), filter: tf.zeros([5, 3, 1, 1]) };
    const attrs = {
      strides: 1,
      pad: 2,
      dataFormat: "NHWC",
      dimRoundingMode: "floor",
      inputShape: [1, 6, 4, 1],
    };
    expect(() => run("Conv2DBackpropInput", inputs, attrs)).toThrowErrorMatchingInlineSnapshot(
      `[Error: a convolution of 6x4 pixels, padded by 2,2,2,2, has 6x6 outputs, but TensorFlow.js expects 6x4: it takes the filter and the strides for square; give the padding for each side]`,
    );
  });

  test("the tape finds both gradients, of conv2d and of conv2dTranspose", () => {
    const layer: Layer = { x: [2, 7, 9, 3], filter: [4, 4, 3, 5], strides: [2, 2], pad: "same" };
    const x = normal("x", layer.x) as tf.Tensor4D;
    const w = normal("w", layer.filter) as tf.Tensor4D;
    const dy = normal("dy", outShape(layer)) as tf.Tensor4D;
    const [xs, ws, dys] = [x, w, dy].map((t) => t.dataSync() as Float32Array);
    const wanted = reference(layer, xs!, ws!, dys!);

    const down = (image: tf.Tensor, filter: tf.Tensor) =>
      tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, 2, "same");
    const [dx, dw] = tf.grads(down)([x, w], dy);
    expect(difference(dx!, wanted.dx)).toBeLessThan(1e-5);
    expect(difference(dw!, wanted.dw)).toBeLessThan(1e-5);

    const up = (image: tf.Tensor, filter: tf.Tensor) =>
      tf.conv2dTranspose(image as tf.Tensor4D, filter as tf.Tensor4D, layer.x, 2, "same");
    expect(difference(up(dy, w), wanted.dx)).toBeLessThan(1e-5);
    const [ddy, dwUp] = tf.grads(up)([dy, w], x);
    expect(difference(ddy!, wanted.y)).toBeLessThan(1e-5);
    expect(difference(dwUp!, wanted.dw)).toBeLessThan(1e-5);
  });

  test("the gradients leave no tensor behind in the WebAssembly memory", () => {
    const [x, w] = [normal("x", [4, 9, 9, 3]), normal("w", [4, 4, 3, 6])];
    const step = () =>
      tf.tidy(() => {
        const grads = tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, "same"));
        grads([x, w]);
      });
    const before = tf.backend().numDataIds();
    step();
    expect(tf.backend().numDataIds()).toBe(before);
  });
});

/** XNNPACK packs a filter once and keeps the copy under the tensor's id, while Adam changes the tensor in place. */
describe("weights that changed in place", () => {
  const x = () => normal("x", [2, 8, 8, 3]) as tf.Tensor4D;
  const operations: Record<string, (w: tf.Tensor4D) => tf.Tensor> = {
    conv2d: (w) => tf.conv2d(x(), w, 2, "same"),
    "fused.conv2d": (w) => fused.conv2d({ x: x(), filter: w, strides: 2, pad: "same" }),
    "the gradient of conv2d": (w) => tf.grad((image) => tf.conv2d(image as tf.Tensor4D, w, 2, "same"))(x()),
    conv2dTranspose: (w) => tf.conv2dTranspose(x(), tf.transpose(w, [0, 1, 3, 2]), [2, 16, 16, 3], 2, "same"),
    "the gradient of conv2dTranspose": (w) =>
      tf.grad((image) => tf.conv2dTranspose(image as tf.Tensor4D, w, [2, 16, 16, 3], 2, "same"))(x()),
    depthwiseConv2d: (w) => tf.depthwiseConv2d(x(), w, 1, "same"),
    matMul: (w) => tf.matMul(tf.reshape(x(), [-1, 48]), tf.reshape(w, [48, 3])),
  };

  test.each(Object.keys(operations))("%s uses the new values", (name) => {
    const operation = (w: tf.Tensor) => tf.tidy(() => operations[name]!(w as tf.Tensor4D));
    const create = (initial: () => tf.Tensor) => tf.tidy(() => tf.variable(initial()));
    const param = create(() => normal("w", [4, 4, 3, 3]));
    const [m, v] = [create(() => tf.zeros([4, 4, 3, 3])), create(() => tf.zeros([4, 4, 3, 3]))];
    const attrs = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, scale: 1 };
    const dataId = param.dataId;
    const seen = [operation(param).dataSync()];
    for (const step of [1, 2]) {
      adamStep([{ param, m, v, grad: normal(`gradient ${step}`, [4, 4, 3, 3]) }], { ...attrs, step });
      const got = operation(param);
      const fresh = tf.tensor4d(param.dataSync().slice(), [4, 4, 3, 3]);
      expect(difference(got, operation(fresh))).toBe(0);
      expect(difference(got, seen.at(-1)! as Float32Array)).toBeGreaterThan(1e-2);
      seen.push(got.dataSync());
    }
    expect(param.dataId).toBe(dataId); // it was in place indeed
    tf.dispose([param, m, v]);
  });

  test("one filter serves batches of several sizes and images of several sizes", () => {
    const w = normal("w", [4, 4, 3, 3]) as tf.Tensor4D;
    for (const shape of [
      [4, 8, 8, 3],
      [2, 8, 8, 3],
      [5, 8, 8, 3],
      [2, 6, 9, 3],
      [4, 8, 8, 3],
    ] as Shape[]) {
      const image = normal(`x ${shape}`, shape) as tf.Tensor4D;
      const fresh = tf.tensor4d(w.dataSync().slice(), w.shape);
      expect(difference(tf.conv2d(image, w, 2, "same"), tf.conv2d(image, fresh, 2, "same"))).toBe(0);
    }
  });
});

function run(kernelName: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attrs) as tf.Tensor;
}
