import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { kl, sampledKl } from "../src/divergence.ts";
import { diagonalGaussian } from "../src/posteriors/diagonalGaussian.ts";
import { standardNormal } from "../src/priors/standardNormal.ts";
import { RandomStream } from "../src/random.ts";
import * as tf from "../src/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

const prior = standardNormal.create({ kind: "standardNormal" }, 2);
const pair = { posterior: diagonalGaussian, prior, priorKind: "standardNormal" } as never as Parameters<
  typeof kl
>[0];
const q = () => ({
  mean: tf.tensor2d([
    [0, 0],
    [1, -2],
  ]),
  logVar: tf.tensor2d([
    [0, 0],
    [0.5, -1],
  ]),
}); // prettier-ignore

test("KL to the standard normal: 0 at the prior, and the textbook's value elsewhere", () => {
  // 0.5 * sum(exp([0.5, -1]) + numpy.square([1, -2]) - 1 - numpy.array([0.5, -1])) = 2.7583003559357855
  expectAllClose(
    tf.tidy(() => kl(pair, q(), tf.zeros([2, 2])).dataSync()),
    [0, 2.7583003559357855],
    1e-6,
  );
});

test("the closed form is the mean of the sampled estimate", () => {
  const n = 50_000;
  const row = q();
  const [estimate, spread] = tf.tidy(() => {
    const many = {
      mean: tf.tile(tf.slice2d(row.mean, [1, 0], [1, 2]), [n, 1]),
      logVar: tf.tile(tf.slice2d(row.logVar, [1, 0], [1, 2]), [n, 1]),
    } as { mean: tf.Tensor2D; logVar: tf.Tensor2D };
    const noise = tf.tensor2d(new RandomStream("kl").normals(2 * n), [n, 2]);
    const values = sampledKl(pair, many, diagonalGaussian.sample(many, noise));
    const { mean, variance } = tf.moments(values);
    return [mean.dataSync()[0]!, Math.sqrt(variance.dataSync()[0]! / n)];
  });
  expect(Math.abs(estimate! - 2.7583003559357855)).toBeLessThan(4 * spread!); // failure rate 6e-5
});
