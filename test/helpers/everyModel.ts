import { stepRecorder } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { ImageSet } from "../../src/data/dataset.ts";
import { sampledKl } from "../../src/divergence.ts";
import { checkNoise } from "../../src/evaluation/calibration.ts";
import { drawSamples, reconstruct } from "../../src/evaluation/pictures.ts";
import { recordingVae } from "../../src/evaluation/recordingVae.ts";
import { summarise } from "../../src/evaluation/summary.ts";
import { measureFirstBatch } from "../../src/explain/batchTerms.ts";
import { type LikelihoodConfig, likelihoodFamily } from "../../src/model/likelihoods/index.ts";
import { networkSchema } from "../../src/model/networks/index.ts";
import { createVae, isDensity, type ModelConfig } from "../../src/model.ts";
import { createObjective } from "../../src/objectives/index.ts";
import { posteriorFamily, posteriorSchema } from "../../src/posteriors/index.ts";
import { priorFamily, priorSchema } from "../../src/priors/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createAdam } from "../../src/training/optimizer.ts";
import { rows } from "../likelihoods/rows.ts";

const IMAGE_SHAPE = [5, 6, 1] as const;
const D = 30;
const B = 4;

const defaults = loadConfig(undefined, new Map());
const random = new RandomStream("every model");
const images: ImageSet = { pixels: Uint8Array.from(random.uniforms(B * D), (u) => 256 * u), count: B };

/** Every network with every activation. */
const networks = networkSchema.options.flatMap(({ shape }) =>
  shape.activation
    .unwrap()
    .options.map((activation) => networkSchema.parse({ kind: shape.kind.value, activation, hidden: [8] })),
);

/** Every likelihood in every form that its tests have, and the loss that is none. */
const likelihoods: LikelihoodConfig[] = [
  ...rows.map(({ config }) => config),
  { kind: "hybrid", ceWeight: 1, mseWeight: 1 },
];

/**
 * Trains, evaluates, samples and explains with each part of a model that there is, small: each likelihood with the
 * default network, each network with the default likelihood. Everything that a run does on a device is in it.
 */
export async function runEveryModel(): Promise<void> {
  const { model, likelihood } = defaults;
  for (const network of networks)
    await runModel({ ...model, network }, likelihood, stepRecorder() !== undefined);
  for (const likelihood of likelihoods)
    await runModel({ ...model, network: networks[0]! }, likelihood, false);
  runEveryDivergence();
}

async function runModel(model: ModelConfig, likelihood: LikelihoodConfig, recorded: boolean): Promise<void> {
  const coding = likelihoodFamily(likelihood).pixels(likelihood)[0];
  const averageImage = new Float32Array(D).fill(0.3);
  const vae = createVae({ model, likelihood }, { imageShape: IMAGE_SHAPE, averageImage }, random);
  const objective = createObjective(defaults.objective);
  const optimizer = createAdam(vae.parameters, { ...defaults.training, clipNorm: 1e-3 });
  const batch = { count: B, x: random.uniforms(B * D), noise: random.normals(B * vae.latentDim) };
  for (const kind of recorded ? (["eager", "recorded"] as const) : (["eager"] as const)) {
    const step = createStep(kind, { vae, objective, optimizer }, () => {});
    await step.run({ ...batch, beta: 1, learningRate: 1e-3, step: 1 });
    await step.read();
    await step.sync();
    step.dispose();
  }
  const recording = recordingVae(vae, { record: recorded, note: () => {} });
  await summarise(recording, "test", images, coding, { levels: true });
  await reconstruct(vae, images, coding, 2);
  await drawSamples(vae, 2, random);
  if (isDensity(vae)) {
    await drawSamples(vae, 2, random, "draw");
    await checkNoise(vae, { checked: images, train: images }, coding);
  }
  await measureFirstBatch(vae, images, { coding, batchSize: B, random });
  recording.dispose();
  optimizer.dispose();
  vae.parameters.dispose();
}

/** The closed forms are in every model; what stands in where there is none is not. */
function runEveryDivergence(): void {
  tf.tidy(() => {
    for (const { shape: posteriorShape } of posteriorSchema.options) {
      for (const { shape: priorShape } of priorSchema.options) {
        const posterior = posteriorFamily({ kind: posteriorShape.kind.value });
        const config = { kind: priorShape.kind.value };
        const prior = priorFamily(config).create(config, 3);
        const q = posterior.params(tf.ones([B, posterior.paramCount(3)]));
        const z = posterior.sample(q, prior.sample(B, random));
        sampledKl({ posterior, prior, priorKind: config.kind }, q, z);
      }
    }
  });
}
