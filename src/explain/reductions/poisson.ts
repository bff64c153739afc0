import { sumOverValues } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";
import { scaleFree } from "./scaleFree.ts";

export const poisson: Reduce<"poisson"> = (_config, { beta }) => ({
  details: [],
  symbols: ["λ = λ(z) = exp(l), l = l(z) the decoder's output: the mean of the count and its variance"],
  steps: [
    sumOverValues("−log p(x|z) = Σ_d [ λ_d − x_d log λ_d + log x_d! ]"),
    {
      formula: "−log p(x|z) = ½ deviance + constant",
      because:
        "the deviance 2 Σ_d [ x_d log(x_d / λ_d) − (x_d − λ_d) ] differs from it by what depends on x alone",
    },
  ],
  dropped: {
    formula: "Σ_d log x_d!",
    meaning:
      "Tools that minimise λ − x log λ leave out log x!, which depends on the data alone: the weights are the same, the number is no " +
      "log-probability.",
  },
  terms: { error: "Σ_d [ λ_d − x_d log λ_d ]", constant: "Σ_d log x_d!" },
  tradeOff: scaleFree("A Poisson density", beta),
  inexpressible: "they have no likelihood of counts",
});
