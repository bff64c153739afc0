import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { langevin, logSinhc, logSumExp } from "../../src/tensors/deviceMath.ts";
import * as special from "../../src/tensors/hostMath.ts";
import * as tf from "../../src/tensors/tf.ts";
import { expectAllClose } from "../helpers/numerics.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

/** y, log(sinh(y) / y), coth(y) - 1 / y with mpmath; both sides of where a series takes over. */
const sinhc = [
  [0, 0.0, 0.0],
  [1e-3, 1.6666666111111146e-7, 0.0003333333111111132],
  [0.019, 6.016594267770533e-5, 0.006333180916351343],
  [0.021, 7.349891958025159e-5, 0.006999794208643219],
  [0.2, 0.006657800285226991, 0.06648956343947271],
  [0.2499, 0.010386753822293043, 0.08295524414582787],
  [0.2501, 0.01040335145529687, 0.0830210856745598],
  [0.7, 0.08037280945585985, 0.22605020723120084],
  [-1.5, 0.3503185303891887, -0.43812472631584526],
  [10, 7.004267724384856, 0.9000000041223073],
  [-300, 293.6030703447839, -0.9966666666666667],
] as const;

test("log(sinh(y) / y) and its derivative", () => {
  const [ys, values, slopes] = [0, 1, 2].map((i) => sinhc.map((row) => row[i]!)) as [
    number[],
    number[],
    number[],
  ];
  expectAllClose(ys.map(special.logSinhc), values, 1e-14);
  expectAllClose(ys.map(special.langevin), slopes, 1e-13);
  const y = tf.tensor1d(ys);
  expectAllClose(logSinhc(y).dataSync(), values, 2e-7);
  expectAllClose(langevin(y).dataSync(), slopes, 1e-6); // half of what 1 / 0.25 loses in float32
  const gradient = tf.grad((y) => tf.mul(tf.sum(logSinhc(y)), 3) as tf.Scalar)(y);
  expectAllClose(
    gradient.dataSync(),
    slopes.map((slope) => 3 * slope),
    3e-6,
  );
});

test("log-sum-exp", () => {
  const a = tf.tensor2d([
    [0, 1, 2],
    [500, -500, 499],
    [-500, -500, -500],
    [-1e9, 0, 0],
  ]);
  const expected = [
    2.40760596444438, // scipy.special.logsumexp([0, 1, 2])
    500.3132616875182, // scipy.special.logsumexp([500, -500, 499])
    -498.9013877113319, // scipy.special.logsumexp([-500] * 3)
    Math.LN2,
  ];
  expectAllClose(logSumExp(a).dataSync(), expected, 2e-7);
  const gradient = tf.grad((a) => tf.mul(tf.sum(logSumExp(a)), 3) as tf.Scalar)(a);
  expectAllClose(gradient.dataSync(), tf.mul(tf.softmax(a), 3).dataSync(), 1e-6);
  expect(special.logSumExp([0, 1, 2])).toBeCloseTo(2.40760596444438, 14);
});
