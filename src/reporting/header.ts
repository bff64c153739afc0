import type { Experiment } from "../experiment.ts";
import { likelihoodFamily } from "../likelihoods/index.ts";
import type { Likelihood } from "../likelihoods/likelihood.ts";
import { formatBackend, formatCount } from "./format.ts";

/** What the numbers of the lines below the header are. */
const LEGEND: Record<Likelihood["kindOf"], string> = {
  density: "loss = distortion + beta x rate, in nats per image",
  loss: "loss = reconstruction loss + beta x rate, summed over an image; no likelihood, so no ELBO and no bits",
};

/** What is about to happen, in a few lines: backend, data, model, folder. */
export function header(experiment: Experiment, folder: string): string[] {
  const { config, backend, dataset, coding, vae } = experiment;
  const { train, validation, test, imageShape } = dataset;
  const { network, latentDim } = config.model;
  const beta = config.objective.warmup > 0 ? `, reached in ${config.objective.warmup} epochs` : "";
  return [
    `backend     ${formatBackend(backend)}`,
    ...backend.notes.map((text) => `            ${text}`),
    `data        ${dataset.name}: ${formatCount(train.count)} train, ${formatCount(validation.count)} validation, ` +
      `${formatCount(test.count)} test images of ${imageShape.join("x")}, pixels ${coding}`,
    `likelihood  ${likelihoodFamily(config.likelihood).formula(config.likelihood)}`,
    `objective   ${config.objective.kind}, beta ${config.objective.beta}${beta}`,
    `model       ${network.kind} ${network.hidden.join("-") || "(linear)"}, latent dimension ${latentDim}, ` +
      `${formatCount(vae.parameters.count)} parameters, seed ${config.training.seed}`,
    `run         ${folder}`,
    LEGEND[vae.likelihood.kindOf],
  ];
}
