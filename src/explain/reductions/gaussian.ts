import { nats, number } from "../numbers.ts";
import {
  errorAlone,
  learnedScale,
  sumOverValues,
  symbolsOf,
  tradeOffOfLearned,
  withoutRate,
} from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";

export const gaussian: Reduce<"gaussian"> = ({ sigma, mean }, { D, beta, hasRate = true }) => {
  const learned = learnedScale(sigma, {
    s: "σ",
    optimum: "σ² = SSE / D",
    put: "(D/2) log SSE + (D/2)(1 + log(2π/D))",
  });
  const fixed = typeof sigma === "number";
  return {
    details: [
      ...(fixed
        ? [
            `log p(x|z) = −${number(1 / (2 * sigma ** 2))} · (x − μ)² ${plus(-0.5 * Math.log(2 * Math.PI * sigma ** 2))}`,
          ]
        : []),
    ],
    symbols: symbolsOf({ mean, scale: sigma }, "σ"),
    steps: [
      sumOverValues("−log p(x|z) = Σ_d [ (x_d − μ_d)² / 2σ² + log σ + ½ log 2π ]"),
      ...(sigma === "perPixel"
        ? []
        : [
            {
              formula: "−log p(x|z) = SSE / 2σ² + (D/2) log 2πσ²",
              because: "SSE = Σ_d (x_d − μ_d)², and σ is the same for all values",
            },
          ]),
      ...(fixed
        ? [
            hasRate
              ? {
                  formula: `loss · 2σ² = SSE + 2σ²β · KL + constant = SSE + ${number(2 * sigma ** 2 * beta)} · KL + constant`,
                  because:
                    "the second term depends on no weight, and a factor moves no minimum: this is MSE + KL",
                }
              : errorAlone("loss · 2σ² = SSE + constant", "σ", "MSE"),
          ]
        : []),
      ...(learned ? [learned] : []),
    ],
    dropped: fixed
      ? {
          formula: "(D/2) log 2πσ²",
          nats: (D / 2) * Math.log(2 * Math.PI * sigma ** 2),
          meaning:
            `A tool that prints SSE / 2σ² leaves it out; at σ = 1, which is what ½ SSE implies, it is ` +
            `${nats((D / 2) * Math.log(2 * Math.PI))}. It moves no weight, but without it no two σ can be compared.`,
        }
      : {
          formula: "(D/2) log 2π",
          nats: (D / 2) * Math.log(2 * Math.PI),
          meaning:
            "Only this part is constant. The sum of log σ is not: it is what keeps a learned σ from growing without end.",
        },
    terms: {
      error: sigma === "perPixel" ? "Σ (x − μ)² / 2σ²" : "SSE / 2σ²",
      logScale: sigma === "perPixel" ? "Σ log σ" : "D log σ",
      constant: "(D/2) log 2π",
    },
    tradeOff: !fixed
      ? tradeOffOfLearned(sigma, "σ", beta)
      : beta === 0
        ? [withoutRate("σ")]
        : [
            "a · SSE + b · KL ⇔ σ² = b / 2a at β = 1, and mean-MSE + w · KL ⇔ σ² = wD / 2: the weight of the KL is the " +
              "noise level, whatever it is called.",
            `With a fixed σ only βσ² counts: here ${number(beta * sigma ** 2)}. σ = ${number(sigma * Math.sqrt(beta))} with β = 1, ` +
              `σ = 1 with β = ${number(beta * sigma ** 2)} and every other pair with that product have the same best weights. ` +
              (beta === 1
                ? "Of all these pairs β = 1 is the one whose loss is −ELBO, a bound on −log p(x)."
                : `But only the pair with β = 1 has a loss that is −ELBO: these weights are best for a Gaussian with ` +
                  `σ = ${number(sigma * Math.sqrt(beta))}, and this configuration scores them with σ = ${number(sigma)}.`),
            "Were σ learned (`--sigma shared`), they would part: σ would follow the errors, and β would weigh the rate alone.",
          ],
    ...(fixed
      ? { linear: { error: "SSE", factor: 1 / (2 * sigma ** 2) } }
      : {
          inexpressible:
            sigma === "shared"
              ? "none of them learns σ (sigma-vae-pytorch does: `sigma_vae` is this at β = 1)"
              : "none of them has σ(z)",
        }),
  };
};

const plus = (value: number) => `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`;
