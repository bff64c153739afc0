import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { imageFields } from "../../src/data/images.ts";
import { createRunner, type Pass, type Runner } from "../../src/evaluation/runner.ts";
import { models } from "../../src/model/index.ts";
import type { LikelihoodConfig } from "../../src/model/likelihoods/index.ts";
import type { Vae } from "../../src/model/vae.ts";
import { createObjective } from "../../src/objectives/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { stepInputs } from "../helpers/tiny.ts";
import { rows } from "../likelihoods/rows.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const [HEIGHT, WIDTH, LATENT] = [3, 5, 3];
const D = HEIGHT * WIDTH;

/** A model of few numbers, whose shapes are odd; its weights are the same each time. */
function small(likelihood: LikelihoodConfig) {
  const settings = {
    "model.network.hidden": "7",
    "model.latentDim": String(LATENT),
    "training.clipNorm": "5",
  };
  const { model, training, objective } = loadConfig(undefined, new Map(Object.entries(settings)));
  const averageX = new RandomStream("average").uniforms(D);
  const data = { fields: imageFields([HEIGHT, WIDTH, 1]), averageX };
  const vae = models.of(model).create({ model, likelihood }, data, new RandomStream("weights")) as Vae;
  const optimizer = createOptimizer(vae.parameters, training);
  return { vae, optimizer, objective: createObjective(objective) };
}

/** Pixels that the likelihood is a density for, and noise. */
function example({ support }: Pick<(typeof rows)[number], "support">, count: number) {
  const random = new RandomStream("batch").fork(count);
  const x = random.uniforms(count * D);
  const values = "values" in support ? support.values : undefined;
  return {
    count,
    x: values ? x.map((u) => values[Math.floor(u * values.length)]!) : x,
    noise: random.normals(count * LATENT),
  };
}

async function trained(row: (typeof likelihoods)[number], kind: "eager" | "recorded") {
  const { vae, optimizer, objective } = small(row.config);
  const step = createStep(kind, { model: vae, objective, optimizer }, unheard);
  for (let n = 1; n <= 3; n++) {
    await step.run(stepInputs({ ...example(row, 9), beta: n / 2, learningRate: 0.01, step: n }));
  }
  const terms = await step.read();
  await step.sync();
  const weights = await Promise.all(vae.parameters.variables.map(async (w) => (await w.data()).slice()));
  for (const part of [step, optimizer, vae.parameters]) part.dispose();
  return { terms, weights };
}

const unheard = (text: string) => {
  throw new Error(text);
};

const binary = { support: { values: [0, 1] } };
const likelihoods = [
  ...rows.filter(({ config }) => config.kind !== "poisson"), // of tables
  { name: "hybrid", config: { kind: "hybrid", ceWeight: 1, mseWeight: 2 } as LikelihoodConfig, ...binary },
];

const bound: Pass = (model, [x, posterior]) => {
  const { forward, likelihood } = model as Vae;
  const { q, decoded, logProb, rate } = forward({ x: x!, posterior: posterior! });
  return [
    ...[...Object.values<tf.Tensor>(q.params), decoded, logProb, rate].map((tensor) => tf.clone(tensor)),
    tf.clone(likelihood.mean(decoded)),
    likelihood.scaleAtFloor?.(decoded) ?? tf.scalar(0),
  ];
};
const encoded: Pass = (model, [x]) => [tf.clone((model as Vae).encode(x as tf.Tensor2D).mean())];
const decodedMean: Pass = (model, [, z]) => [
  tf.clone(model.likelihood.mean((model as Vae).decode(z as tf.Tensor2D))),
];

describe.skipIf(absent).each(likelihoods)("recorded on webgpu: $name", (row) => {
  beforeAll(() => tf.setBackend("webgpu"));

  test("steps do what they do operation by operation", async () => {
    const [eager, recorded] = [await trained(row, "eager"), await trained(row, "recorded")];
    expect(eager.terms).toHaveLength(3);
    for (const [i, { distortion, rate }] of eager.terms.entries()) {
      const got = recorded.terms[i]!;
      expect(Math.abs(got["distortion"]! / distortion! - 1)).toBeLessThan(1e-5);
      expect(Math.abs(got["rate"]! / rate! - 1)).toBeLessThan(1e-5);
    }
    expect(eager.weights.length).toBeGreaterThan(0);
    for (const [i, values] of eager.weights.entries()) {
      expect(difference(recorded.weights[i]!, values)).toBeLessThan(1e-4);
    }
  });

  test("so do passes", async () => {
    const { vae, optimizer } = small(row.config);
    const [recording, eager] = [true, false].map((record) =>
      createRunner(vae, { record, note: unheard }),
    ) as unknown as [Runner, Runner];
    const { x, noise, count } = example(row, 9);
    const inputs = [
      { values: x, shape: [count, D] },
      { values: noise, shape: [count, LATENT] },
    ];
    for (const pass of [bound, encoded, decodedMean]) {
      const [got, wanted] = [await recording.run(pass, inputs, true), await eager.run(pass, inputs, true)];
      expect(wanted.length).toBeGreaterThan(0);
      for (const [i, values] of wanted.entries()) expect(difference(got[i]!, values)).toBeLessThan(1e-5);
    }
    for (const part of [recording, optimizer, vae.parameters]) part.dispose();
  });

  test("the value and its gradient take two commands, and the numbers of the whole batch one each", async () => {
    const { trace } = await import("../../src/backends/webgpu/recording/trace.ts"); // needs the globals of WebGPU
    const { vae, optimizer } = small(row.config);
    const { likelihood } = vae;
    const shape: [number, number, number] = [64, 100, likelihood.paramChannels];
    const params = tf.tidy(() =>
      tf.variable(tf.tensor3d(new RandomStream("params").normals(tf.util.sizeFromShape(shape)), shape)),
    );
    const learned = learnedScales(vae);
    const x = tf.tensor2d(new RandomStream("x").uniforms(6400), [64, 100]);
    const compute = ([x]: readonly tf.Tensor[]) => {
      const loss = () => tf.neg(tf.mean<tf.Scalar>(likelihood.logProb(params, x as tf.Tensor2D)));
      const { value, grads } = tf.variableGrads(loss, [params, ...learned]);
      return [value, ...Object.values(grads)];
    };
    const backend = tf.backend() as unknown as WebGPUBackend;
    for (const { dataId } of [params, ...learned]) backend.uploadToGPU(dataId);
    const { dispatches } = trace(backend, [x], compute);
    expect(dispatches.length).toBeLessThanOrEqual(3 + learned.length);
    tf.dispose([params, x]);
    for (const part of [optimizer, vae.parameters]) part.dispose();
  });
});

/** The scale that all pixels share, if it is learned. */
const learnedScales = ({ parameters }: Vae) =>
  parameters.variables.filter((_, i) => parameters.names[i]!.startsWith("likelihood."));
