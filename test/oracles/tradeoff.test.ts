import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { averageOf } from "../../src/data/codedFields.ts";
import { codePixels } from "../../src/data/codings.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { tinyTraining } from "../helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

async function trained(beta: number) {
  const training = tinyTraining({
    "likelihood.kind": "bernoulli",
    "dataset.pixels": "binary-threshold",
    "objective.beta": `${beta}`,
    "training.epochs": "50",
    "training.learningRate": "0.003",
  });
  await training.run();
  const { runner, dataset, coding } = training;
  return { ...training, terms: await estimateElbo(runner, dataset.train, coding) };
}

/** E[mean²] of q(z|x), for each latent: 1 at most where the codes lie within the prior N(0, I). */
const spreadOfCodes = ({ vae, dataset, coding }: Awaited<ReturnType<typeof trained>>) =>
  tf.tidy(() => {
    const pixels = dataset.train.columns["x"] as Uint8Array;
    const x = new Float32Array(pixels.length);
    codePixels(coding, pixels, new RandomStream(0), x);
    const codes = vae.encode(tf.tensor2d(x, [dataset.train.count, 784])).mean();
    return tf.mean(tf.square(codes)).dataSync()[0]!;
  });

describe("β trades distortion for rate", () => {
  test("β = 0 is an autoencoder: images better, rate without end, codes where the prior draws none", async () => {
    const [autoencoder, vae] = [await trained(0), await trained(1)];
    expect(autoencoder.terms.distortion).toBeLessThan(0.9 * vae.terms.distortion);
    expect(autoencoder.terms.rate).toBeGreaterThan(10 * vae.terms.rate);
    expect(spreadOfCodes(vae)).toBeLessThan(4); // above 1, as it has seen 300 images only
    expect(spreadOfCodes(autoencoder)).toBeGreaterThan(20);
  });

  test("a large β collapses: no rate, and the distortion is the entropy of the pixel means", async () => {
    const { dataset, vae, coding, terms } = await trained(100);
    // −Σ_d p log p + (1 − p) log(1 − p): the least that a decoder can reach which knows nothing of the image.
    const entropy = averageOf(dataset.train, vae.target, coding).reduce(
      (sum, p) => sum - (p > 0 ? p * Math.log(p) : 0) - (p < 1 ? (1 - p) * Math.log(1 - p) : 0),
      0,
    );
    expect(terms.rate).toBeLessThan(0.1);
    expect(Math.abs(terms.distortion / entropy - 1)).toBeLessThan(0.01);
  });
});
