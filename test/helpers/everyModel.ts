import { stepRecorder } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { codingsFor } from "../../src/data/codings.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { checkNoise } from "../../src/evaluation/calibration.ts";
import { drawSamples, reconstruct } from "../../src/evaluation/pictures.ts";
import { createRunner, isOfDensity } from "../../src/evaluation/runner.ts";
import { summarise } from "../../src/evaluation/summary.ts";
import { measureFirstBatch } from "../../src/explain/batchTerms.ts";
import type { PriorContext } from "../../src/model/distributions/distribution.ts";
import { posteriorSchema, posteriors, priorSchema, priors } from "../../src/model/distributions/index.ts";
import { sampledKl } from "../../src/model/distributions/kl.ts";
import { type ModelConfig, models } from "../../src/model/index.ts";
import { type LikelihoodConfig, likelihoods } from "../../src/model/likelihoods/index.ts";
import { networkSchema } from "../../src/model/networks/index.ts";
import type { Vae } from "../../src/model/vae.ts";
import { createObjective, objectiveSchema } from "../../src/objectives/index.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { rows } from "../likelihoods/rows.ts";

const D = 30;
const B = 4;

const defaults = loadConfig(undefined, new Map());
const random = new RandomStream("every model");
const fields = imageFields([5, 6, 1]);
const images = imageSplit(
  B,
  Uint8Array.from(random.uniforms(B * D), (u) => 256 * u),
);

/** Every network, each with every activation. */
const everyNetwork = networkSchema.options.map(({ shape }) => {
  const choices =
    "activation" in shape ? shape.activation.unwrap().options.map((activation) => ({ activation })) : [{}];
  const sizes = { hidden: [8], ...("channels" in shape && { channels: [4, 6] }) };
  return choices.map((choice) => networkSchema.parse({ kind: shape.kind.value, ...sizes, ...choice }));
});

/** Every likelihood in every form that its tests have, and the loss that is none. */
const everyLikelihood: LikelihoodConfig[] = [
  ...rows.map(({ config }) => config),
  { kind: "hybrid", ceWeight: 1, mseWeight: 1 },
];

const everyPrior = priorSchema.options.map(({ shape }) => priorSchema.parse({ kind: shape.kind.value }));
const everyPosterior = posteriorSchema.options.map(({ shape }) =>
  posteriorSchema.parse({ kind: shape.kind.value }),
);

/** Every objective, of one sample and of some. */
const everyObjective = objectiveSchema.options.flatMap(({ shape }) =>
  [1, 3].map((samples) => objectiveSchema.parse({ kind: shape.kind.value, samples })),
);

type Parts = Pick<typeof defaults, "likelihood" | "objective"> & { model: ModelConfig };

/**
 * Trains, evaluates, samples and explains with each part of a model that there is, small: each likelihood, prior and
 * objective with the default network, each network with the default likelihood, and recorded once. Everything that a run
 * does on a device is in it.
 */
export async function runEveryModel(): Promise<void> {
  const { likelihood, objective } = defaults;
  const model = { ...defaults.model, network: everyNetwork[0]![0]! };
  const plain = { model, likelihood, objective };
  for (const networks of everyNetwork) {
    for (const [i, network] of networks.entries())
      await runModel({ ...plain, model: { ...model, network } }, i === 0 && stepRecorder() !== undefined);
  }
  for (const likelihood of everyLikelihood) await runModel({ ...plain, likelihood }, false);
  for (const prior of everyPrior) await runModel({ ...plain, model: { ...model, prior } }, false);
  for (const posterior of everyPosterior) await runModel({ ...plain, model: { ...model, posterior } }, false);
  for (const objective of everyObjective) await runModel({ ...plain, objective }, false);
  runEveryDivergence();
}

async function runModel(parts: Parts, recorded: boolean): Promise<void> {
  const { model, likelihood } = parts;
  const [coding] = codingsFor(likelihoods.of(likelihood).support(likelihood));
  const averageX = new Float32Array(D).fill(0.3);
  const vae = models.of(model).create({ model, likelihood }, { fields, averageX }, random) as Vae;
  const objective = createObjective(parts.objective);
  const { samples } = objective;
  const optimizer = createOptimizer(vae.parameters, { ...defaults.training, clipNorm: 1e-3 });
  const posterior = random.normals(samples * B * vae.latentDim);
  const batch = { count: B, samples, x: random.uniforms(B * D), posterior };
  const controls = Object.values(objective.controls).map(({ final }) => final);
  for (const kind of recorded ? (["eager", "recorded"] as const) : (["eager"] as const)) {
    const step = createStep(kind, { model: vae, objective, optimizer }, () => {});
    await step.run({ batch, controls, learningRate: 1e-3, step: 1 });
    await step.read();
    await step.sync();
    step.dispose();
  }
  const runner = createRunner(vae, { record: recorded, note: () => {} });
  await summarise(runner, "test", images, coding, { levels: true, k: 3 });
  await reconstruct(vae, images, coding, 2);
  await drawSamples(vae, 2, random);
  if (isOfDensity(runner)) {
    await drawSamples(vae, 2, random, "draw");
    await checkNoise(runner, { checked: images, train: images }, coding);
  }
  await measureFirstBatch(vae, objective, images, { coding, batchSize: B, random });
  runner.dispose();
  optimizer.dispose();
  vae.parameters.dispose();
}

/** The closed forms are in every model; what stands in where there is none is not. */
function runEveryDivergence(): void {
  tf.tidy(() => {
    for (const posterior of everyPosterior) {
      for (const config of everyPrior) {
        const family = posteriors.of(posterior);
        const size = family.paramCount(posterior, 3);
        const parameters = new Parameters();
        const context: PriorContext = {
          latentDim: 3,
          createVariable: parameters.scope("prior"),
          random,
          x: { name: "x", shape: [size], kind: "real", show: "value" },
          encode: (x) => family.of(posterior, x),
          examples: (count) => random.normals(count * size),
        };
        const prior = priors.of(config).create(config, context);
        const q = family.of(posterior, tf.ones([B, size]));
        sampledKl(q, prior, q.rsample(prior.sample(B, random)));
        parameters.dispose();
      }
    }
  });
}
