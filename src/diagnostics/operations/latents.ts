import { diagonalGaussianPosterior } from "../../model/distributions/diagonalGaussian.ts";
import type { PriorContext } from "../../model/distributions/distribution.ts";
import { kl, sampledKl } from "../../model/distributions/kl.ts";
import { standardNormal } from "../../model/distributions/standardNormal.ts";
import * as tf from "../../tensors/tf.ts";
import { type Reference, reference, sum } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

const [B, Z] = [4, 5];
const NOISE = Float32Array.from({ length: B * Z }, (_, i) => Math.sin(1 + i));

const prior = standardNormal.create({ kind: "standardNormal" }, { latentDim: Z } as PriorContext);

/** What the encoder gives for one image, a latent at a time: means first, then the logarithms of the variances. */
const latents = ({ data }: Reference, image: number) =>
  Array.from({ length: Z }, (_, d) => {
    const mean = data[2 * Z * image + d]!;
    const logVar = data[2 * Z * image + Z + d]!;
    return { mean, logVar, z: mean + NOISE[Z * image + d]! * Math.exp(logVar / 2) };
  });

const eachImage = (f: (image: number) => number) => Float64Array.from({ length: B }, (_, image) => f(image));

const drawn = (encoded: tf.Tensor) => {
  const q = diagonalGaussianPosterior.of({ kind: "diagonalGaussian" }, encoded as tf.Tensor2D);
  return { q, z: q.rsample(tf.tensor2d(NOISE, [B, Z])) };
};

/** From the encoder's output to z and the rate, for every posterior and prior. */
export const latentCases: readonly OperationCase[] = [
  {
    name: "z ~ q(z|x), diagonal Gaussian",
    shapes: [[B, 2 * Z]],
    run: (encoded) => drawn(encoded!).z,
    expected: (encoded) =>
      reference(
        [B, Z],
        [0, 1, 2, 3].flatMap((image) => latents(encoded!, image).map(({ z }) => z)),
      ),
  },
  {
    name: "KL(q ‖ p), diagonal Gaussian and standard normal",
    shapes: [[B, 2 * Z]],
    run(encoded) {
      const { q, z } = drawn(encoded!);
      return kl(q, prior, z);
    },
    expected: (encoded) => ({
      shape: [B],
      data: eachImage((image) =>
        sum(
          latents(encoded!, image).map(({ mean, logVar }) => (Math.exp(logVar) + mean ** 2 - 1 - logVar) / 2),
        ),
      ),
    }),
  },
  {
    name: "log q(z|x) − log p(z), diagonal Gaussian and standard normal",
    shapes: [[B, 2 * Z]],
    run(encoded) {
      const { q, z } = drawn(encoded!);
      return sampledKl(q, prior, z);
    },
    expected: (encoded) => ({
      shape: [B],
      data: eachImage((image) =>
        sum(
          latents(encoded!, image).map(
            ({ mean, logVar, z }) => (z ** 2 - logVar - (z - mean) ** 2 / Math.exp(logVar)) / 2,
          ),
        ),
      ),
    }),
  },
];
