import { stepRecorder } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { codedSize } from "../../src/data/codedFields.ts";
import { codingsFor } from "../../src/data/codings.ts";
import type { Field } from "../../src/data/field.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { checkNoise } from "../../src/evaluation/calibration.ts";
import { drawSamples, givenOf, reconstruct } from "../../src/evaluation/pictures.ts";
import { createRunner, isOfDensity } from "../../src/evaluation/runner.ts";
import { summarise } from "../../src/evaluation/summary.ts";
import { measureFirstBatch } from "../../src/explain/batchTerms.ts";
import type { PriorContext } from "../../src/model/distributions/distribution.ts";
import { posteriorSchema, posteriors, priorSchema, priors } from "../../src/model/distributions/index.ts";
import { sampledKl } from "../../src/model/distributions/kl.ts";
import { type ModelConfig, models } from "../../src/model/index.ts";
import { type LikelihoodConfig, likelihoods } from "../../src/model/likelihoods/index.ts";
import { networkSchema } from "../../src/model/networks/index.ts";
import { regression } from "../../src/model/regression.ts";
import { hasLatents, vae } from "../../src/model/vae.ts";
import { createObjective, objectiveSchema } from "../../src/objectives/index.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { rows } from "../likelihoods/rows.ts";
import { withoutPrograms } from "./withoutPrograms.ts";

const D = 30;
const B = 4;

const defaults = loadConfig(undefined, new Map());
const random = new RandomStream("every model");
const fields = imageFields([5, 6, 1]);
const pixels = imageSplit(
  B,
  Uint8Array.from(random.uniforms(B * D), (u) => 256 * u),
  Uint8Array.from({ length: B }, (_, i) => i % 3),
);
const images = { ...pixels, columns: { ...pixels.columns, y: random.uniforms(6 * B) } };

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

type Parts = Pick<typeof defaults, "likelihood" | "objective"> & { model: ModelConfig; given?: Field };

const vaeDefaults = vae.schema.parse({ kind: "vae" });

/** What a model may be conditioned on: an image and a class. */
const y: Field = { name: "y", kind: "real", shape: [3, 2, 1], show: "image" };
const label: Field = { name: "label", kind: "class", shape: [], show: "value", classCount: 3 };

/**
 * Trains, evaluates, samples and explains with each part of a model that there is, small: each likelihood, prior and
 * objective with the default network, each network with the default likelihood, and recorded once. Everything that a run
 * does on a device is in it.
 */
export async function runEveryModel(): Promise<void> {
  const { likelihood, objective } = defaults;
  const model = { ...vaeDefaults, network: everyNetwork[0]![0]! };
  const plain = { model, likelihood, objective };
  for (const [network] of everyNetwork)
    await runModel({ ...plain, model: { ...model, network: network! } }, stepRecorder() !== undefined);
  await withoutPrograms(async () => {
    for (const network of everyNetwork.flatMap(([, ...others]) => others))
      await runModel({ ...plain, model: { ...model, network } }, false);
    for (const likelihood of everyLikelihood) await runModel({ ...plain, likelihood }, false);
    for (const prior of everyPrior) {
      const isGiven = prior.kind === "conditionalGaussian";
      await runModel({ ...plain, model: { ...model, prior }, ...(isGiven && { given: y }) }, false);
    }
    for (const posterior of everyPosterior)
      await runModel({ ...plain, model: { ...model, posterior } }, false);
    for (const objective of everyObjective) await runModel({ ...plain, objective }, false);
    for (const given of [y, label]) {
      for (const network of everyNetwork.map(([first]) => first!)) {
        await runModel({ ...plain, model: { ...model, network }, given }, false);
        await runModel(
          { ...plain, model: regression.schema.parse({ kind: "regression", network }), given },
          false,
        );
      }
    }
    runEveryDivergence();
  });
}

async function runModel(parts: Parts, recorded: boolean): Promise<void> {
  const { model, likelihood, given } = parts;
  const [coding = "gray"] = codingsFor(likelihoods.of(likelihood).support(likelihood)); // of counts there is none
  const averageX = new Float32Array(D).fill(0.3);
  const data = { fields: { ...fields, ...(given && { [given.name]: given }) }, averageX };
  const built = models.of(model).create({ model, likelihood }, { ...data, ...(given && { given }) }, random);
  const objective = createObjective(parts.objective);
  const { samples } = objective;
  const optimizer = createOptimizer(built.parameters, { ...defaults.training, clipNorm: 1e-3 });
  const posterior = hasLatents(built) ? random.normals(samples * B * built.latentDim) : undefined;
  const ofY = given && new Float32Array(B * codedSize(given)).fill(0.5);
  const x = random.uniforms(B * D);
  const batch = { count: B, samples, x, ...(posterior && { posterior }), ...(ofY && { [given.name]: ofY }) };
  const controls = Object.values(objective.controls).map(({ final }) => final);
  for (const kind of recorded ? (["eager", "recorded"] as const) : (["eager"] as const)) {
    const step = createStep(kind, { model: built, objective, optimizer }, () => {});
    await step.run({ batch, controls, learningRate: 1e-3, step: 1 });
    await step.read();
    await step.sync();
    step.dispose();
  }
  const runner = createRunner(built, { record: recorded, note: () => {} });
  await summarise(runner, "test", images, coding, { levels: true, k: 3 });
  await reconstruct(built, images, coding, 2);
  const ys = givenOf(built, images, B);
  await drawSamples(built, B, random, "mean", ys);
  if (isOfDensity(runner)) {
    await drawSamples(built, B, random, "draw", ys);
    await checkNoise(runner, { checked: images, train: images }, coding);
  }
  await measureFirstBatch(built, objective, images, { coding, batchSize: B, random });
  runner.dispose();
  optimizer.dispose();
  built.parameters.dispose();
}

/** The closed forms are in every model; what stands in where there is none is not. */
function runEveryDivergence(): void {
  tf.tidy(() => {
    for (const posterior of everyPosterior) {
      for (const config of everyPrior) {
        const family = posteriors.of(posterior);
        const size = family.paramCount(posterior, 3);
        const parameters = new Parameters();
        const isGiven = config.kind === "conditionalGaussian";
        const context: PriorContext = {
          latentDim: 3,
          createVariable: parameters.scope("prior"),
          random,
          x: { name: "x", shape: [size], kind: "real", show: "value" },
          encode: (x) => family.of(posterior, x),
          examples: (count) => random.normals(count * size),
        };
        const made = priors.of(config).create(config, { ...context, ...(isGiven && { features: 2 }) });
        const prior = "given" in made ? made.given(tf.ones([B, 2])) : made;
        const q = family.of(posterior, tf.ones([B, size]));
        sampledKl(q, prior, q.rsample(prior.sample(B, random)));
        parameters.dispose();
      }
    }
  });
}
