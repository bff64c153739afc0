import type { MeanConfig } from "../../model/likelihoods/meanFunction.ts";
import type { ScaleConfig } from "../../model/likelihoods/scale.ts";
import type { Step } from "../document.ts";
import { number } from "../numbers.ts";

/** The symbols that all densities with a location and a scale share. */
export function symbolsOf({ mean, scale }: { mean: MeanConfig; scale: ScaleConfig }, s: string): string[] {
  const location =
    mean === "sigmoid"
      ? "μ = μ(z) = sigmoid of the decoder's output, in [0, 1]"
      : "μ = μ(z) = the decoder's output, any real number";
  if (typeof scale === "number") return [location, `${s} = ${number(scale)}, fixed, in units of x`];
  return [
    location,
    scale === "shared"
      ? `${s}: one number, learned with the weights`
      : `${s} = ${s}(z): a second output of the decoder for each value`,
  ];
}

/** Why the log of the product is a sum; the first step of every derivation. */
export const sumOverValues = (formula: string): Step => ({
  formula,
  because: "given z the D values of an image are independent: minus the log of their product is a sum",
});

/** What a learned scale does to the loss. */
export function learnedScale(
  scale: ScaleConfig,
  words: { s: string; optimum: string; put: string },
): Step | undefined {
  if (scale === "perPixel") {
    return {
      formula: `each error is divided by its own ${words.s}, and log ${words.s} is the price of a large one`,
      because: "the decoder says where it is unsure; no familiar loss does that, and nothing may be dropped",
    };
  }
  if (scale !== "shared") return undefined;
  return {
    formula: `at the best ${words.s}: ${words.optimum}, −log p(x|z) = ${words.put}`,
    because: `the derivative by ${words.s} is 0 there: a learned ${words.s} turns the error into its logarithm`,
  };
}

/** Where there is no rate, a fixed scale moves no weight. */
export const errorAlone = (formula: string, s: string, familiar: string): Step => ({
  formula,
  because: `the second term depends on no weight, and a factor moves no minimum: at any fixed ${s} the best weights are those of ${familiar}`,
});

/** At β = 0 there is no noise level to read. */
export const withoutRate = (s: string) =>
  `β = 0: the rate costs nothing, so this is an autoencoder. Any ${s} has the same best weights, and −ELBO, which counts ` +
  `the rate, can be as high as it likes.`;

/** What a scale that is not fixed means beside β. */
export function tradeOffOfLearned(scale: ScaleConfig, s: string, beta: number): string[] {
  const which =
    scale === "perPixel"
      ? `${s}(z) is an output of the decoder`
      : `${s} is learned, so it goes where the errors are`;
  const now =
    beta === 1
      ? "Here β = 1: the loss is −ELBO, and the scale is the one the data ask for. Nothing is left to tune."
      : `Here β = ${number(beta)}: that is a β-VAE proper, which no choice of a fixed ${s} at β = 1 repeats.`;
  return [
    `${which}: ${s} and β part. β no longer stands for a noise level; it weighs the rate against a ` +
      `distortion whose scale follows the errors. ${now}`,
  ];
}
