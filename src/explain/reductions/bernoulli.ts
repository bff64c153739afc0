import { sumOverValues } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";
import { scaleFree } from "./scaleFree.ts";

export const bernoulli: Reduce<"bernoulli"> = (_config, { beta }) => ({
  details: [],
  symbols: ["p = p(z) = sigmoid(l), l = l(z) the decoder's output"],
  steps: [
    sumOverValues("−log p(x|z) = −Σ_d [ x_d log p_d + (1 − x_d) log(1 − p_d) ]"),
    {
      formula: "−log p(x|z) = BCE",
      because:
        "it is the cross-entropy, nothing added and nothing left out, as long as x is 0 or 1. On grey pixels it is no " +
        "likelihood: ∫ pˣ (1 − p)¹⁻ˣ dx over [0, 1] is not 1 and depends on p",
    },
    {
      formula: "−log p(x|z) = Σ_d [ softplus(l_d) − x_d · l_d ]",
      because: "the form that is computed: no p rounds to 0 or 1, no log 0",
    },
  ],
  dropped: {
    formula: "0",
    nats: 0,
    meaning:
      "Nothing is dropped: on binary pixels BCE summed over an image is −log p in nats. A tool that takes the mean over " +
      "pixels divides it by D.",
  },
  terms: { crossEntropy: "BCE" },
  tradeOff: scaleFree("A Bernoulli", beta),
  linear: { error: "BCE", factor: 1 },
});
