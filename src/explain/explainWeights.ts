import { describeMeasure } from "../data/codings.ts";
import { holdsOutValidation } from "../data/dataset.ts";
import { fieldOf } from "../data/field.ts";
import type { Bnn } from "../model/bnn.ts";
import type { ModelConfig } from "../model/index.ts";
import { likelihoods, supportOf } from "../model/likelihoods/index.ts";
import { notationOf } from "../model/notation.ts";
import { objectiveFor } from "../objectives/forModel.ts";
import { controlsAt, type Objective, settlesAfter } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import { measureFirstBatch } from "./batchTerms.ts";
import type { Page } from "./document.ts";
import { throughout } from "./notation.ts";
import { number } from "./numbers.ts";
import { reduceRow } from "./rowReductions.ts";
import { account } from "./sections/batch.ts";
import { exactWeightsSection } from "./sections/exactWeights.ts";
import { freeEnergySection } from "./sections/freeEnergy.ts";
import { objectiveSection } from "./sections/objective.ts";
import { droppedSection, reductionSection } from "./sections/reduction.ts";
import { rowBatchSection } from "./sections/rowBatch.ts";
import { rowLikelihoodSection } from "./sections/rowLikelihood.ts";
import { temperatureSection } from "./sections/temperature.ts";
import { weightDecaySection } from "./sections/weightDecay.ts";
import { weightToolsSection } from "./sections/weightTools.ts";
import type { Subject } from "./subject.ts";
import type { WeightTerms } from "./weightTerms.ts";
import { measureWeights } from "./weightTerms.ts";

/** Decimals of nats of a row: its part of the KL is small. */
const DIGITS = 4;

/** The loss of a Bayesian network: the variational free energy of a row. */
export async function explainWeights(subject: Subject & { readonly model: Bnn }): Promise<Page> {
  const { config, dataset, model, exactWeights } = subject;
  const { likelihood, training } = config;
  const { posterior, prior } = (config.model as Extract<ModelConfig, { kind: "bnn" }>).weights;
  const isPoint = posterior.kind === "point";
  const { batchSize } = training;
  const rows = model.trainCount;
  const objective = withinRow(objectiveFor(config.objective, model), isPoint);
  const { beta = 1 } = controlsAt(objective, "final", 1);
  const terms = await measureFirstBatch(model, objective, dataset.train, {
    coding: subject.coding,
    batchSize,
    random: new RandomStream(training.seed),
  });
  const weights = await measureWeights(model);
  const rate = isPoint ? "−log p(w)" : "KL(q ‖ p(w))";
  const context = {
    target: model.target,
    rows,
    beta,
    rate,
    isPoint,
    ...(terms.sigma !== undefined && { sigma: terms.sigma }),
  };
  const reduction = reduceRow(likelihood, context);
  const { error } = reduction;
  const learnsScale = Object.values(likelihood).includes("shared");
  const printed = account(terms, {
    kindOf: "density",
    formulas: reduction.terms,
    beta,
    D: 1,
    digits: DIGITS,
  });
  return {
    title: `${likelihood.kind} on ${dataset.name}, a posterior over weights, β = ${number(beta)}`,
    sections: {
      likelihood: rowLikelihoodSection(likelihood, reduction, {
        name: dataset.name,
        rows,
        features: fieldOf(dataset.fields, "x"),
        target: model.target,
        inSymbols: notationOf(model),
      }),
      reduction: reductionSection(reduction, likelihoods.of(likelihood)),
      dropped: droppedSection(reduction, "row"),
      freeEnergy: freeEnergySection({ rows, batchSize, isPoint }),
      objective: objectiveSection(objective, {
        kindOf: "density",
        holdsOut: holdsOutValidation(dataset),
      }),
      weightDecay: weightDecaySection(weights, error, {
        ...context,
        posterior: posterior.kind,
        learnsNoise: learnsScale,
        learnsPrior: prior.learned,
      }),
      temperature: temperatureSection({ rows, beta, isPoint, settlesAfter: settlesAfter(objective), error }),
      batch: rowBatchSection(terms, printed, {
        ...context,
        weights: subject.weights,
        seed: training.seed,
        baseMeasure: describeMeasure(supportOf(likelihood), model.target),
      }),
      ...(exactWeights && { exact: exactWeightsSection(exactWeights, { beta }) }),
      tools: weightToolsSection(
        {
          posterior,
          error: error?.name ?? "−log p",
          weight: ((error?.perStored ?? 1) * beta) / rows,
          formula: `${error ? `${error.symbol} ` : ""}β / N`,
          rows,
          batchSize,
          scales: scalesOf(weights),
        },
        learnsScale || prior.learned,
      ),
    },
  };
}

/** s of each layer: its kernel and its biases follow each other. */
const scalesOf = ({ groups }: WeightTerms) =>
  Array.from({ length: groups.length / 2 }, (_, i) => ({
    kernel: groups[2 * i]!.scale,
    bias: groups[2 * i + 1]!.scale,
  }));

/** The objective as it is for a row; of a point in the symbols of the most probable weights. */
function withinRow(objective: Objective, isPoint: boolean): Objective {
  const { bound } = objective;
  if (!isPoint) return { ...objective, ...(bound !== undefined && { bound: `${bound} / N` }) };
  const { bound: _, ...others } = objective;
  return {
    ...others,
    quantities: throughout(objective.quantities, (text) =>
      text
        .replace("E{sub|q}[−log p(y|x, w)]", "−log p(y|x, w)")
        .replace("KL(q(w) ‖ p(w)) / N", "(−log p(w) / N)"),
    ),
    meaning:
      "At β = 1 the loss is −log p(D, w) / N, and the weights of lowest loss are the most probable ones. A density may be above 1, so " +
      "it is no bound on −log p(D) / N.",
  };
}
