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

export const laplace: Reduce<"laplace"> = ({ scale: b, mean }, { D, beta, hasRate = true }) => {
  const learned = learnedScale(b, { s: "b", optimum: "b = SAE / D", put: "D log SAE + D (1 + log(2/D))" });
  const fixed = typeof b === "number";
  return {
    details: [
      ...(fixed
        ? [
            `log p(x|z) = −${number(1 / b)} · |x − μ| ${2 * b > 1 ? "−" : "+"} ${number(Math.abs(Math.log(2 * b)))}`,
          ]
        : []),
    ],
    symbols: symbolsOf({ mean, scale: b }, "b"),
    steps: [
      sumOverValues("−log p(x|z) = Σ_d [ |x_d − μ_d| / b + log 2b ]"),
      ...(b === "perPixel"
        ? []
        : [
            {
              formula: "−log p(x|z) = SAE / b + D log 2b",
              because: "SAE = Σ_d |x_d − μ_d|, and b is the same for all values",
            },
          ]),
      ...(fixed
        ? [
            hasRate
              ? {
                  formula: `loss · b = SAE + bβ · KL + constant = SAE + ${number(b * beta)} · KL + constant`,
                  because:
                    "the second term depends on no weight, and a factor moves no minimum: this is MAE + KL",
                }
              : errorAlone("loss · b = SAE + constant", "b", "MAE"),
          ]
        : []),
      ...(learned ? [learned] : []),
    ],
    dropped: fixed
      ? {
          formula: "D log 2b",
          nats: D * Math.log(2 * b),
          meaning: `A tool that prints SAE / b leaves it out; at b = 1, which is what a bare SAE implies, it is ${nats(D * Math.LN2)}.`,
        }
      : {
          formula: "D log 2",
          nats: D * Math.LN2,
          meaning:
            "Only this part is constant. The sum of log b is not: it is what keeps a learned b from growing without end.",
        },
    terms: {
      error: b === "perPixel" ? "Σ |x − μ| / b" : "SAE / b",
      logScale: b === "perPixel" ? "Σ log b" : "D log b",
      constant: "D log 2",
    },
    tradeOff: !fixed
      ? tradeOffOfLearned(b, "b", beta)
      : beta === 0
        ? [withoutRate("b")]
        : [
            "a · SAE + w · KL ⇔ b = w / a at β = 1, and mean-MAE + w · KL ⇔ b = wD: the weight of the KL is the noise level.",
            `With a fixed b only bβ counts: here ${number(b * beta)}. b = ${number(b * beta)} with β = 1, b = 1 with β = ${number(b * beta)} and every ` +
              `other pair with that product have the same best weights; only at β = 1 is the loss −ELBO. ` +
              "Were b learned (`--scale shared`), they would part.",
          ],
    ...(fixed
      ? { linear: { error: "SAE", factor: 1 / b } }
      : { inexpressible: b === "shared" ? "none of them learns b" : "none of them has b(z)" }),
  };
};
