import { conditions } from "../conditions/index.ts";
import type { Config } from "../config/schema.ts";
import { describeMeasure } from "../data/codings.ts";
import { holdsOutValidation } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { isBnn } from "../model/bnn.ts";
import { klPerDimension } from "../model/distributions/kl.ts";
import { likelihoods, supportOf } from "../model/likelihoods/index.ts";
import { notationOf } from "../model/notation.ts";
import { objectiveFor } from "../objectives/forModel.ts";
import { controlsAt, isWeighedElbo, settlesAfter } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import { measureFirstBatch } from "./batchTerms.ts";
import type { Page, Section } from "./document.ts";
import { explainWeights } from "./explainWeights.ts";
import { throughout } from "./notation.ts";
import { number } from "./numbers.ts";
import { reduce } from "./reductions/index.ts";
import type { Reduction } from "./reductions/reduction.ts";
import { assumedSection } from "./sections/assumed.ts";
import { account, batchSection } from "./sections/batch.ts";
import { exactLatentsSection } from "./sections/exactLatents.ts";
import { likelihoodSection } from "./sections/likelihood.ts";
import { objectiveSection } from "./sections/objective.ts";
import { droppedSection, reductionSection } from "./sections/reduction.ts";
import { residualsSection } from "./sections/residuals.ts";
import { toolsSection } from "./sections/tools.ts";
import { tradeOffSection } from "./sections/tradeOff.ts";
import type { Subject } from "./subject.ts";

/** Whether its latents are those of other tools: independent normals and N(0, I), whose KL is a closed form. */
const hasPlainLatents = (model: Config["model"]) =>
  model.kind === "vae" && klPerDimension(model.posterior, model.prior) !== undefined;

/** What other tools have to say where the latent side is not theirs. */
const otherLatents = { inexpressible: "their prior is N(0, I) and their posterior a diagonal Gaussian" };

/** The loss of a configuration, from its likelihood to the last digit of a batch. */
export async function explain(subject: Subject, translated?: Section): Promise<Page> {
  const { config, coding, dataset, model } = subject;
  if (isBnn(model)) return explainWeights({ ...subject, model });
  const { likelihood, training } = config;
  const isPlain = hasPlainLatents(config.model);
  const hasRate = model.inferred !== "nothing";
  const objective = objectiveFor(config.objective, model);
  const { beta = 1 } = controlsAt(objective, "final", 1);
  const weighsRate = isWeighedElbo(objective);
  const { kindOf } = model.likelihood;
  const D = fieldSize(model.target);
  const reduction = reduce(likelihood, { D, beta, hasRate });
  const random = new RandomStream(training.seed);
  const terms = await measureFirstBatch(model, objective, dataset.train, {
    coding,
    batchSize: training.batchSize,
    random,
  });
  const about = {
    weights: subject.weights,
    noise: "components" in likelihood && likelihood.components > 1 ? "Each component" : "The noise",
    baseMeasure: describeMeasure(supportOf(likelihood)),
    D,
    seed: training.seed,
    ...(hasRate && { rate: isPlain ? "KL(q(z|x) ‖ p(z))" : "log q(z|x) − log p(z) of that z" }),
  };
  const printed = account(terms, { kindOf, formulas: reduction.terms, beta, D });
  const elsewhere = model.given
    ? withoutCondition(hasRate)
    : !isPlain
      ? otherLatents
      : weighsRate
        ? reduction
        : withoutEqual(reduction);
  const page: Page = {
    title:
      `${likelihood.kind} on ${dataset.name}${model.given ? ` given y, ${conditions.of(config.condition).what}` : ""}, ` +
      (hasRate ? `β = ${number(beta)}` : "no latent"),
    sections: {
      ...(translated && { from: translated }),
      likelihood: likelihoodSection(likelihood, reduction, {
        name: dataset.name,
        field: model.target,
        pixels: subject.pixels,
        coding,
      }),
      reduction: reductionSection(reduction, likelihoods.of(likelihood)),
      dropped: droppedSection(reduction),
      objective: objectiveSection(objective, {
        kindOf,
        holdsOut: holdsOutValidation(dataset),
        condition: describeCondition(config),
      }),
      ...(!hasRate && { assumed: assumedSection(likelihood, D) }),
      ...(hasRate &&
        weighsRate && {
          tradeOff: tradeOffSection(reduction, { D, beta, settlesAfter: settlesAfter(objective) }),
        }),
      batch: batchSection(terms, printed, about),
      ...(model.given &&
        subject.trained &&
        terms.sigma !== undefined && {
          residuals: residualsSection(likelihood, { ...terms, sigma: terms.sigma }, D),
        }),
      ...(subject.exactLatents && { exact: exactLatentsSection(subject.exactLatents) }),
      tools: toolsSection(elsewhere, terms, { D, beta }),
    },
  };
  return throughout(page, notationOf(model));
}

/** What other tools have to say where there is a y. */
const withoutCondition = (hasRate: boolean) => ({
  inexpressible: hasRate
    ? "each has no condition y"
    : "each has no condition y and no model without a latent; any program that fits f by least squares has these weights, where " +
      "the noise is a Gaussian of fixed σ",
});

/** How y enters; undefined without a condition. */
function describeCondition({ model, condition }: Config): string | undefined {
  if (condition.kind === "none" || model.kind === "bnn") return undefined;
  if (model.kind === "regression")
    return `y is ${conditions.of(condition).what}, of which the network is a function.`;
  const prior =
    model.prior.kind === "standardNormal"
      ? "N(0, I), whatever y is"
      : "learned: its parameters are functions of y";
  return (
    `y is ${conditions.of(condition).what}. Encoder and decoder read it through a network of its own, h(y): the posterior is q(z|x), the ` +
    `prior p(z) is ${prior}, and the images that y leaves possible are draws of z.`
  );
}

/** Of another objective than distortion + β · rate, which is what other tools have. */
const withoutEqual = ({ linear: _, ...reduction }: Reduction): Reduction => ({
  ...reduction,
  inexpressible: "what they minimise is distortion + β · rate",
});
