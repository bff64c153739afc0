import type { LikelihoodConfig } from "../../model/likelihoods/index.ts";
import type { BatchTerms } from "../batchTerms.ts";
import { paragraph, type Section } from "../document.ts";
import { nats, number } from "../numbers.ts";

/** The mean squared residual of a trained model's batch against the variance that its likelihood gives them. */
export function residualsSection(
  { kind }: LikelihoodConfig,
  { errors, sigma, count: images }: BatchTerms & { readonly sigma: number },
  D: number,
) {
  const meanSquared = errors.SSE / D;
  const variance = sigma ** 2;
  const ratio = meanSquared / variance;
  /** D/2 (r − 1 − log r): what the Gaussian with σ² = the mean squared residual would gain. */
  const gain = kind === "gaussian" ? (D / 2) * (ratio - 1 - Math.log(ratio)) : undefined;
  const blocks = [
    paragraph(
      `On these ${images} training images the mean squared residual is ${number(meanSquared)}, and the likelihood's σ² is ` +
        `${number(variance)}: ${number(ratio)} times it. ` +
        (gain === undefined
          ? ""
          : `With σ² at the residual's value this batch would cost ${nats(gain)} nats per image less, D/2 (r − 1 − log r) of the ` +
            `ratio r. `) +
        (ratio > 1.1
          ? "The assumed noise is smaller than the residuals: the model claims to know more than it does."
          : ratio < 0.9
            ? "The assumed noise is larger than the residuals: the model knows more than it claims."
            : "The two agree, as they must where σ is learned.") +
        " `vae explain --noise` asks whether the residuals have the shape of the noise, too.",
    ),
  ];
  return {
    title: "What the residuals say",
    blocks,
    facts: {
      images,
      meanSquaredResidual: meanSquared,
      sigmaSquared: variance,
      ratio,
      ...(gain !== undefined && { gain }),
    },
  } satisfies Section;
}
