import { countComponents } from "../../model/likelihoods/mixture.ts";
import { number } from "../numbers.ts";
import { sumOverValues, symbolsOf, tradeOffOfLearned } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";

export const gaussianMixture: Reduce<"gaussian-mixture"> = (config, { D, beta }) => {
  const { components: K, scale: s } = config;
  const fixed = typeof s === "number";
  const isGaussian = fixed && K === 1;
  return {
    details: [],
    symbols: [
      `${countComponents(K)} for each value; π = softmax of the decoder's weights`,
      ...symbolsOf(config, "s").map((text) => text.replaceAll("μ", "μ_k")),
    ],
    steps: [
      sumOverValues("−log p(x|z) = −Σ_d log Σ_k π_dk exp(−(x_d − μ_dk)² / 2s²) / (s √2π)"),
      ...(s === "perPixel"
        ? []
        : [
            {
              formula: "−log p(x|z) = softmin_k [ (x − μ_k)² / 2s² − log π_k ], summed, + (D/2) log 2πs²",
              because:
                "softmin_k a_k = −log Σ_k exp(−a_k): with one component it is SSE / 2s², with more each value counts the " +
                "squared error to the component that explains it, and the price of choosing that one",
            },
          ]),
      ...(s === "shared"
        ? [
            {
              formula: "s² goes to the mean squared error to the responsible components",
              because: "as for one Gaussian, with each component weighed by its posterior probability",
            },
          ]
        : []),
    ],
    dropped: fixed
      ? {
          formula: "(D/2) log 2πs²",
          nats: (D / 2) * Math.log(2 * Math.PI * s ** 2),
          meaning: "Of a fixed s it moves no weight, but without it no two s can be compared.",
        }
      : {
          formula: "(D/2) log 2π",
          nats: (D / 2) * Math.log(2 * Math.PI),
          meaning: "Only this part is constant; log s is what keeps a learned s from growing without end.",
        },
    terms:
      s === "perPixel"
        ? { error: "−Σ log Σ_k π_k exp(−t_k²/2) / s_k, t_k = (x − μ_k) / s_k", constant: "(D/2) log 2π" }
        : {
            error: "Σ softmin_k [(x − μ_k)² / 2s² − log π_k]",
            logScale: "D log s",
            constant: "(D/2) log 2π",
          },
    tradeOff: isGaussian
      ? [`One component is the Gaussian: only βs² counts, here ${number(beta * s ** 2)}.`]
      : fixed
        ? [
            `s is fixed, but (s, β) do not act through one product: where one component answers alone the loss is ` +
              `SSE / 2s² + β · KL, and βs² = ${number(beta * s ** 2)} counts as for a Gaussian; where components compete, ` +
              `log π_k has no 1 / s² before it, and s and β part.`,
          ]
        : tradeOffOfLearned(s, "s", beta),
    ...(isGaussian
      ? { linear: { error: "SSE", factor: 1 / (2 * s ** 2) } }
      : { inexpressible: "none of them has a mixture as its likelihood" }),
  };
};
