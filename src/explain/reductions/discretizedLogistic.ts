import { countComponents } from "../../model/likelihoods/mixture.ts";
import { nats } from "../numbers.ts";
import { sumOverValues, symbolsOf, tradeOffOfLearned } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";

export const discretizedLogistic: Reduce<"discretized-logistic"> = (
  { components: K, scale: s },
  { D, beta },
) => ({
  details: ["h = 1/510, half a level; the lowest level reaches down to −∞, the highest up to ∞"],
  symbols: [
    `${countComponents(K)} for each value${K === 1 ? "" : "; π = softmax of the decoder's weights"}`,
    "F(t) = 1 / (1 + exp −t), the logistic distribution function",
    "m_k = m_k(z): the decoder's output, any real number",
    ...symbolsOf({ mean: "linear", scale: s }, "s").slice(1),
  ],
  steps: [
    sumOverValues("−log P(x|z) = −Σ_d log P(level of x_d)"),
    {
      formula: "P(x) ≈ 2h · f(t) / s, f(t) = 1 / (4 cosh²(t/2)), t = (x − m) / s",
      because: "where s is much wider than a level, the bin is its width times the density at its middle",
    },
    {
      formula: `−log P(x|z) ≈ Σ_d 2 log cosh(t_d / 2) + D log 4s + D log 255`,
      because:
        "one component: squared error t²/4 near the mean, absolute error |t| far from it, and the constants that make it a " +
        "probability of levels",
    },
  ],
  dropped: {
    formula: "0",
    nats: 0,
    meaning:
      `Nothing: it is a probability, so −log P is at least 0. A density on [0, 1] of the same images is lower by about ` +
      `D log 255 = ${nats(D * Math.log(255))} nats, the logarithm of the width of a level: another base measure, not a better model.`,
  },
  terms: {
    innerLevels: "−Σ log P(x), levels 1 … 254",
    outerLevels: "−Σ log P(x), levels 0 and 255",
  },
  tradeOff:
    typeof s === "number"
      ? [
          `s is fixed, but (s, β) do not act through one product: near the mean −log P grows as SSE / 4s², far from it as ` +
            `SAE / s, and the outer levels cost nothing once the mean is far beyond them.`,
        ]
      : tradeOffOfLearned(s, "s", beta),
  inexpressible:
    "none of them has it (log-cosh of PyTorch-VAE is its shape without scale, bins and constant)",
});
