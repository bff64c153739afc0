import { expect, test } from "vitest";
import { codedSize } from "../../src/data/codedFields.ts";
import { fieldSize } from "../../src/data/field.ts";
import { startPlayer } from "../../src/explore/page/player.ts";
import { programsOf, termNames } from "../../src/explore/programs.ts";
import { POSTERIOR, type Vae } from "../../src/model/vae.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { exportedModels, madeUpRun, worstError } from "../helpers/exported.ts";

const { mlp: small = {}, "gated-mlp": gated = {}, tanh = {}, conv = {} } = exportedModels;

/** Between them every network, and what of likelihoods, posteriors and priors takes most operations. */
const models: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "gated-mlp, a scale for each pixel": gated,
  "tanh, levels": tanh,
  "conv, a mixture": conv,
  "given a class, with a prior that is too": {
    ...exportedModels["given a class"],
    "model.prior.kind": "conditionalGaussian",
  },
  "a flow and another prior": {
    ...small,
    "model.posterior.kind": "planarFlow",
    "model.prior.kind": "gaussianMixture",
  },
  vamp: { ...small, "model.prior.kind": "vamp" },
  "continuous Bernoulli": { ...small, "likelihood.kind": "continuous-bernoulli" },
  "discretized logistic": { ...small, "likelihood.kind": "discretized-logistic" },
};

/** What a page is given is text. */
const asText = <T>(value: T): T => JSON.parse(JSON.stringify(value));

test.each(Object.keys(models))("%s: what a page runs gives what the model gives", async (name) => {
  const model = (await madeUpRun(models[name]!)).model as Vae;
  const { latentDim: d, likelihood, given } = model;
  const y = given ? [Float32Array.from({ length: codedSize(given) }, (_, i) => Number(i === 1))] : [];
  const play = await startPlayer(asText(programsOf(model)));
  const D = fieldSize(model.target);
  const random = new RandomStream("page");
  const [z, x, noise] = [random.normals(d), random.uniforms(D).map(Math.round), random.normals(8 * d)];
  const expected = tf.tidy(() => {
    const ofX = tf.tensor2d(x, [1, D]);
    const [ofY] = y.map((values) => tf.tensor2d(values, [1, values.length]));
    const inputs = { x: ofX, [POSTERIOR]: tf.tensor2d(noise, [8, d]), ...(ofY && { [given!.name]: ofY }) };
    const { logProb, rate } = model.forward(inputs, 8);
    return [
      likelihood.mean(model.decode(tf.tensor2d(z, [1, d]), ofY)),
      model.encode(ofX, ofY).mean(),
      tf.neg(logProb),
      rate,
    ].map((tensor) => Array.from(tensor.dataSync()));
  }) as unknown as number[][];

  const score = play("score", x, noise, ...y);
  expect(score).toHaveLength(termNames(model).length + 1);
  const distortion = Array.from({ length: 8 }, (_, k) =>
    score.slice(0, -1).reduce((sum, term) => sum + term[k]!, 0),
  );
  const found = [play("decode", z, ...y)[0]!, play("encode", x, ...y)[0]!, distortion, score.at(-1)!];
  for (const [i, values] of found.entries())
    expect(worstError(values, expected[i]!), `${i} of ${name}`).toBeLessThan(1e-5);
});
