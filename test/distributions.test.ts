import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { diagonalGaussian } from "../src/distributions/diagonalGaussian.ts";
import { kl, sampledKl } from "../src/distributions/kl.ts";
import { standardNormal } from "../src/distributions/standardNormal.ts";
import { Parameters } from "../src/parameters.ts";
import { RandomStream } from "../src/random.ts";
import * as tf from "../src/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

const prior = standardNormal.create(
  { kind: "standardNormal" },
  {
    latentDim: 2,
    createVariable: new Parameters().scope("prior"),
    random: new RandomStream("prior"),
    encode: () => q(),
  },
);
const q = () =>
  diagonalGaussian(
    tf.tensor2d([
      [0, 0],
      [1, -2],
    ]),
    tf.tensor2d([
      [0, 0],
      [0.5, -1],
    ]),
  );

test("KL to the standard normal: 0 at the prior, and the textbook's value elsewhere", () => {
  // 0.5 * sum(exp([0.5, -1]) + numpy.square([1, -2]) - 1 - numpy.array([0.5, -1])) = 2.7583003559357855
  expectAllClose(
    tf.tidy(() => kl(q(), prior, tf.zeros([2, 2])).dataSync()),
    [0, 2.7583003559357855],
    1e-6,
  );
});

test("the closed form is the mean of the sampled estimate", () => {
  const n = 50_000;
  const [estimate, spread] = tf.tidy(() => {
    const { mean: means, logVar } = q().params;
    const tiled = (rows: tf.Tensor2D) => tf.tile(tf.slice2d(rows, [1, 0], [1, 2]), [n, 1]);
    const many = diagonalGaussian(tiled(means), tiled(logVar));
    const noise = tf.tensor2d(new RandomStream("kl").normals(2 * n), [n, 2]);
    const values = sampledKl(many, prior, many.rsample(noise));
    const { mean, variance } = tf.moments(values);
    return [mean.dataSync()[0]!, Math.sqrt(variance.dataSync()[0]! / n)];
  });
  expect(Math.abs(estimate! - 2.7583003559357855)).toBeLessThan(4 * spread!); // failure rate 6e-5
});
