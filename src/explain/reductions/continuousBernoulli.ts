import { sumOverValues } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";
import { scaleFree } from "./scaleFree.ts";

export const continuousBernoulli: Reduce<"continuous-bernoulli"> = (_config, { beta }) => ({
  details: ["C(λ) = 2 artanh(1 − 2λ) / (1 − 2λ), C(½) = 2"],
  symbols: [
    "λ = λ(z) = sigmoid(l), l = l(z) the decoder's output; the mean of x is not λ but between λ and ½",
  ],
  steps: [
    sumOverValues("−log p(x|z) = −Σ_d [ x_d log λ_d + (1 − x_d) log(1 − λ_d) + log C(λ_d) ]"),
    {
      formula: "−log p(x|z) = BCE − Σ_d log C(λ_d)",
      because: "cross-entropy on grey pixels, and what makes it integrate to 1",
    },
    {
      formula: "−log p(x|z) = Σ_d [ log((exp l_d − 1) / l_d) − x_d · l_d ]",
      because: "the form that is computed, by a series where l is near 0 (λ near ½)",
    },
  ],
  dropped: {
    formula: "−Σ_d log C(λ_d), between −∞ and −D log 2",
    meaning:
      "Not a constant: it depends on the weights, so dropping it changes which weights are best, and not only the number. " +
      "Without it the best λ is the mean of x, with it λ lies further from ½.",
  },
  terms: { crossEntropy: "BCE", normaliser: "−Σ log C(λ)" },
  tradeOff: scaleFree("A continuous Bernoulli", beta),
  inexpressible:
    "all of them that have BCE leave out the normaliser, which is part of the loss and not a constant",
});
