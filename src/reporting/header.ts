import type { PixelCoding } from "../data/codings.ts";
import { fieldSize } from "../data/field.ts";
import { describePixels } from "../data/pixelRange.ts";
import { models } from "../model/index.ts";
import { likelihoods } from "../model/likelihoods/index.ts";
import { formulaOf, type Likelihood } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import { exampleOf, notationOf } from "../model/notation.ts";
import { objectiveFor } from "../objectives/forModel.ts";
import type { Objective } from "../objectives/objective.ts";
import type { Experiment } from "../runs/experiment.ts";
import { formatBackend, formatCount } from "./format.ts";

/** What the numbers of the lines below the header are. */
const LEGEND: Record<Likelihood["kindOf"], (loss: string, example: string) => string> = {
  density: (loss, example) => `loss = ${loss}, in nats per ${example}`,
  loss: (loss, example) => `loss = ${loss}, summed over an ${example}; no likelihood, so no ELBO and no bits`,
};

/** What is about to happen, in a few lines: backend, data, model, folder. */
export function header(experiment: Experiment, folder: string): string[] {
  const { config, backend, dataset, coding, model } = experiment;
  const { train, validation, test } = dataset;
  const family = likelihoods.of(config.likelihood);
  const objective = objectiveFor(config.objective, model);
  const controls = Object.entries(objective.controls).map(([name, { words }]) => `, ${name} ${words}`);
  const samples = objective.samples === 1 ? "" : `, ${objective.samples} samples of each ${exampleOf(model)}`;
  return [
    `backend     ${formatBackend(backend)}`,
    ...backend.notes.map((text) => `            ${text}`),
    `data        ${dataset.name}: ${formatCount(train.count)} train, ${formatCount(validation.count)} validation, ` +
      `${formatCount(test.count)} test ${describeData(model, coding)}`,
    ...aboutData(experiment).map((text) => `            ${text}`),
    `likelihood  ${notationOf(model)([formulaOf(family), family.settings(config.likelihood)].filter(Boolean).join(", "))}`,
    `objective   ${objective.kind}${controls.join("")}${samples}`,
    `model       ${models.of(config.model).describe(config.model)}, ` +
      `${formatCount(model.parameters.count)} parameters, seed ${config.training.seed}`,
    `run         ${folder}`,
    LEGEND[model.likelihood.kindOf](legendOf(objective, model.likelihood.kindOf), exampleOf(model)),
  ];
}

/** What the examples are, and what of them is modelled. */
function describeData(model: Model, coding: PixelCoding): string {
  const { target, fields } = model;
  if (exampleOf(model) === "image") return `images of ${target.shape.join("x")}, pixels ${coding}`;
  const features = fields
    .filter((field) => field !== target)
    .reduce((sum, field) => sum + fieldSize(field), 0);
  return `rows of ${formatCount(features)} features, target ${target.valueNames?.[0] ?? target.name}`;
}

/** What was found in the user's own data, and how they were parted. */
function aboutData({ config, dataset }: Experiment): string[] {
  const { pixels, places, fields } = dataset;
  const { split } = config.dataset as { split?: { order: string; seed: number } };
  const isOfClasses = Object.values(fields).some(({ kind }) => kind === "class");
  const how = isOfClasses ? ", the same share of each class" : "";
  return [
    ...(pixels ? [describePixels(pixels)] : []),
    ...(places && split && split.order !== "file"
      ? [
          `${places.test ? "validation and test" : "validation"} drawn by seed ${split.seed}${split.order === "group" ? ", whole groups" : how}`,
        ]
      : []),
  ];
}

/** `distortion + beta x rate`, in the words of the log lines. */
function legendOf({ loss, quantities }: Objective, kindOf: Likelihood["kindOf"]): string {
  const titleOf = (name: string) => {
    const { title, ofBareLoss } = quantities.find((quantity) => quantity.name === name)!;
    return kindOf === "loss" && ofBareLoss ? "reconstruction loss" : title.toLowerCase();
  };
  return loss
    .map(({ quantity, target, times }) => {
      const title = titleOf(quantity);
      const value = target === undefined ? title : `|${title} - ${target}|`;
      return (times === undefined ? "" : `${times} x `) + value;
    })
    .join(" + ");
}
