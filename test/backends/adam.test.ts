import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AdamAttrs, type AdamSlot, adamStep, squaredNorm } from "../../src/backends/adam.ts";
import { useBackend } from "../../src/backends/index.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference, normal } from "./helpers.ts";

const attrs: AdamAttrs = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 1, scale: 0.5 };

function slot(name: string, shape: number[]): AdamSlot {
  return tf.tidy(() => ({
    param: tf.variable(normal(name, shape)),
    m: tf.variable(tf.zeros(shape)),
    v: tf.variable(tf.zeros(shape)),
    grad: tf.keep(normal(`${name}/gradient`, shape)),
  }));
}

const dispose = ({ param, m, v, grad }: AdamSlot) => tf.dispose([param, m, v, grad]);

/** The paper's algorithm in float64, written as there. The gradient is the same at each step, times its number. */
function reference({ param, grad }: AdamSlot, steps: number): { param: number[]; m: number[]; v: number[] } {
  const { learningRate, beta1, beta2, epsilon, scale } = attrs;
  const theta = Array.from(param.dataSync());
  const m = theta.map(() => 0);
  const v = theta.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    for (const [i, gradient] of grad.dataSync().entries()) {
      const g = t * gradient * scale;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g ** 2;
      const mHat = m[i]! / (1 - beta1 ** t);
      const vHat = v[i]! / (1 - beta2 ** t);
      theta[i]! -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
    }
  }
  return { param: theta, m, v };
}

function train({ grad, ...variables }: AdamSlot, from: number, to: number): void {
  for (let t = from; t <= to; t++) {
    const scaled = tf.mul(grad, t);
    adamStep([{ ...variables, grad: scaled }], { ...attrs, step: t });
    scaled.dispose();
  }
}

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeEach(() => useBackend(backend, { threads: 1 }));
  afterEach(() => tf.disposeVariables());

  test("10 steps", () => {
    for (const shape of [[], [1], [7, 5], [3, 130]]) {
      const s = slot("x", shape);
      const wanted = reference(s, 10);
      train(s, 1, 10);
      for (const name of ["param", "m", "v"] as const)
        expect(difference(s[name], wanted[name])).toBeLessThan(1e-6);
      dispose(s);
    }
  });

  test("stopped and taken up, it is the same to the bit", () => {
    const whole = slot("x", [50]);
    train(whole, 1, 6);
    const first = slot("x", [50]);
    train(first, 1, 3);
    const again = tf.tidy(() => {
      const copy = (x: tf.Variable) => tf.variable(tf.tensor(x.dataSync().slice(), x.shape));
      return { param: copy(first.param), m: copy(first.m), v: copy(first.v), grad: first.grad };
    });
    train(again, 4, 6);
    expect([...again.param.dataSync()]).toEqual([...whole.param.dataSync()]);
    dispose(whole);
    dispose(first);
    tf.dispose([again.param, again.m, again.v]);
  });

  test("works in place, and leaves no tensor behind", () => {
    const s = slot("x", [20]);
    const place = s.param.dataId;
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    adamStep([s], attrs);
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
    expect(s.param.dataId).toBe(place);
    dispose(s);
  });

  test("leaves tensors alone that share a variable's memory", () => {
    const initial = normal("x", [4, 5]);
    const values = [...initial.dataSync()];
    const zeros = tf.zeros([4, 5]);
    const s = {
      param: tf.variable(initial),
      m: tf.variable(zeros),
      v: tf.variable(zeros),
      grad: tf.ones([4, 5]),
    };
    const clone = s.param.clone();
    const reshaped = tf.reshape(s.param, [20]);
    const read = s.param.dataSync();
    adamStep([s], attrs);
    for (const kept of [initial, clone, reshaped]) expect([...kept.dataSync()]).toEqual(values);
    expect([...read]).toEqual(values);
    expect([...zeros.dataSync()]).toEqual(values.map(() => 0));
    expect(difference(s.param, values)).toBeGreaterThan(1e-3);
    expect(s.m.dataSync()[0]).toBeCloseTo(0.05);
    expect(s.v.dataSync()[0]).toBeCloseTo(0.00025);
    tf.dispose([initial, zeros, clone, reshaped, s.grad]);
  });

  test("a matmul after it takes the new weights", () => {
    const s = slot("w", [60, 70]);
    const x = normal("x", [9, 60]) as tf.Tensor2D;
    const filterOf = (w: tf.Tensor) => tf.reshape(w, [2, 5, 60, 7]) as tf.Tensor4D;
    const image = normal("image", [1, 5, 8, 60]) as tf.Tensor4D;
    const product = (w: tf.Tensor) => tf.tidy(() => tf.matMul(x, w as tf.Tensor2D).dataSync());
    const convolution = (w: tf.Tensor) => tf.tidy(() => tf.conv2d(image, filterOf(w), 1, "same").dataSync());
    const before = [product(s.param), convolution(s.param)];
    adamStep([s], attrs);
    const fresh = tf.tensor(s.param.dataSync().slice(), s.param.shape);
    for (const [i, compute] of [product, convolution].entries()) {
      expect(difference(compute(s.param), compute(fresh))).toBe(0);
      expect(difference(compute(s.param), before[i]!)).toBeGreaterThan(1e-3);
    }
    dispose(s);
    tf.dispose([x, image, fresh]);
  });

  test("squaredNorm", () => {
    const tensors = [normal("a", [7]), normal("b", [33, 9]), tf.scalar(-2)];
    const wanted = tensors.flatMap((x) => [...x.dataSync()]).reduce((sum, x) => sum + x * x, 0);
    const norm = squaredNorm(tensors);
    expect(norm.shape).toEqual([]);
    expect(Math.abs(norm.dataSync()[0]! / wanted - 1)).toBeLessThan(1e-6);
    tf.dispose([...tensors, norm]);
  });
});

test("a backend without the kernel of SquaredNorm takes other operations", async () => {
  await useBackend("cpu");
  const kernel = tf.getKernel("SquaredNorm", "cpu");
  tf.unregisterKernel("SquaredNorm", "cpu");
  try {
    expect(squaredNorm([tf.tensor1d([3, 4]), tf.scalar(2)]).dataSync()[0]).toBe(29);
  } finally {
    tf.registerKernel(kernel);
  }
});
