import type { Model } from "../model/model.ts";
import { samplesOf } from "../model/noise.ts";
import { exampleOf, notationOf } from "../model/notation.ts";
import * as tf from "../tensors/tf.ts";
import { createObjective, type ObjectiveConfig } from "./index.ts";
import { type Objective, overSamples } from "./objective.ts";

/**
 * The objective that a configuration asks for, as it is for a model: in the symbols of that, with as many samples as its posterior
 * comes in, and without a latent −log p(x|y) itself, whatever was asked for.
 */
export function objectiveFor(
  config: ObjectiveConfig,
  model: Pick<Model, "given" | "inferred" | "target" | "noise" | "strata">,
): Objective {
  if (model.inferred === "nothing") return exact;
  const objective = createObjective({ ...config, samples: samplesOf(model, config.samples) });
  const inItsSymbols = notationOf(model);
  return {
    ...objective,
    example: exampleOf(model),
    quantities: objective.quantities.map((quantity) => ({
      ...quantity,
      formula: inItsSymbols(quantity.formula),
    })),
    meaning: inItsSymbols(objective.meaning),
  };
}

/** Without a latent there is nothing to bound: no rate, and no β to weigh it. */
const exact: Objective = {
  kind: "maximum-likelihood",
  samples: 1,
  quantities: [
    {
      name: "distortion",
      title: "−log p(x|y)",
      formula: "−log p(x|y)",
      ofBareLoss: { title: "Reconstruction", formula: "bare loss" },
      isPartOfElbo: true,
    },
  ],
  controls: {},
  loss: [{ quantity: "distortion" }],
  meaning:
    "There is no latent, so nothing is bounded: the loss is −log p(x|y) itself, and the weights of lowest loss are those of " +
    "maximum likelihood.",
  perExample: (terms) => [overSamples(terms, tf.neg(terms.logLikelihood))],
};
