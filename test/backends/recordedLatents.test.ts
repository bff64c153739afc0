import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { imageFields } from "../../src/data/images.ts";
import { termsPass } from "../../src/evaluation/passes.ts";
import { createRunner, type Runner } from "../../src/evaluation/runner.ts";
import { models } from "../../src/model/index.ts";
import type { Vae } from "../../src/model/vae.ts";
import { createObjective } from "../../src/objectives/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { tensorflowMissing } from "../helpers/missing.ts";
import { stepInputs } from "../helpers/tiny.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const [D, B, LATENT] = [15, 9, 3];

/** Priors and posteriors whose rate is an estimate by a draw, small. */
const latents: Record<string, string>[] = [
  { "model.prior.kind": "vamp", "model.prior.pseudoInputs": "5" },
  { "model.prior.kind": "couplingFlow", "model.prior.layers": "2", "model.prior.hidden": "4" },
  { "model.posterior.kind": "planarFlow", "model.posterior.layers": "2" },
  {
    "model.posterior.kind": "planarFlow",
    "model.posterior.layers": "1",
    "model.prior.kind": "vamp",
    "model.prior.pseudoInputs": "2",
  },
];

const unheard = (text: string) => {
  throw new Error(text);
};

const random = new RandomStream("latents");
const x = random.uniforms(B * D).map((u) => (u < 0.4 ? 1 : 0));
const noise = random.normals(B * LATENT);

/** A model whose weights are the same each time. */
function small(settings: Record<string, string>) {
  const sizes = { "model.network.hidden": "7", "model.latentDim": String(LATENT) };
  const all = { ...sizes, "likelihood.kind": "bernoulli", ...settings };
  const config = loadConfig(undefined, new Map(Object.entries(all)));
  const data = {
    fields: imageFields([3, 5, 1]),
    averageX: new Float32Array(D).fill(0.4),
    examples: (count: number) => x.slice(0, count * D),
  };
  const vae = models.of(config.model).create(config, data, new RandomStream("weights")) as Vae;
  const optimizer = createOptimizer(vae.parameters, config.training);
  return { vae, optimizer, objective: createObjective(config.objective) };
}

async function trained(settings: Record<string, string>, kind: "eager" | "recorded") {
  const { vae, optimizer, objective } = small(settings);
  const step = createStep(kind, { model: vae, objective, optimizer }, unheard);
  for (let n = 1; n <= 3; n++) {
    await step.run(stepInputs({ count: B, x, noise, step: n, learningRate: 0.01 }));
  }
  const terms = await step.read();
  await step.sync();
  const weights = await Promise.all(vae.parameters.variables.map(async (w) => (await w.data()).slice()));
  for (const part of [step, optimizer, vae.parameters]) part.dispose();
  return { terms, weights };
}

const rates = termsPass((terms) => [tf.clone(terms.rate), terms.logPriorRatio()]);

const backends: [name: string, missing: string | undefined][] = [
  ["tensorflow", tensorflowMissing],
  ["webgpu", absent],
];

describe.each(backends)("recorded on %s", (backend, missing) => {
  beforeAll(async () => {
    if (missing === undefined) await useBackend(backend, { threads: 1 });
  });

  test.for(latents)(
    "steps and passes of %j are as they are operation by operation",
    async (settings, context) => {
      if (missing !== undefined) return context.skip(missing);
      const [eager, recorded] = [await trained(settings, "eager"), await trained(settings, "recorded")];
      expect(eager.terms).toHaveLength(3);
      for (const [i, { rate }] of eager.terms.entries()) {
        expect(Math.abs(recorded.terms[i]!["rate"]! - rate!)).toBeLessThan(1e-4);
      }
      for (const [i, values] of eager.weights.entries()) {
        expect(difference(recorded.weights[i]!, values)).toBeLessThan(1e-4);
      }

      const { vae, optimizer } = small(settings);
      const [recording, plain] = [true, false].map((record) =>
        createRunner(vae, { record, note: unheard }),
      ) as unknown as [Runner, Runner];
      const inputs = [
        { values: x, shape: [B, D] },
        { values: noise, shape: [B, LATENT] },
      ];
      const [got, wanted] = [await recording.run(rates, inputs, true), await plain.run(rates, inputs, true)];
      for (const [i, values] of wanted.entries()) expect(difference(got[i]!, values)).toBeLessThan(1e-4);
      for (const part of [recording, optimizer, vae.parameters]) part.dispose();
    },
  );
});
