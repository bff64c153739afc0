import { studentLogNormaliser } from "../../model/likelihoods/studentT.ts";
import { number } from "../numbers.ts";
import { sumOverValues, symbolsOf, tradeOffOfLearned } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";

export const studentT: Reduce<"student-t"> = ({ scale: s, mean, df }, { D, beta }) => {
  const c = studentLogNormaliser(df);
  const fixed = typeof s === "number";
  return {
    details: [
      `log p(x|z) = −${number((df + 1) / 2)} · log(1 + t²/${number(df)}) − ${fixed ? `log ${number(s)}` : "log s"} − ${number(c)}`,
    ],
    symbols: [
      "t = (x − μ) / s",
      ...symbolsOf({ mean, scale: s }, "s"),
      `ν = ${number(df)} degrees of freedom`,
    ],
    steps: [
      sumOverValues("−log p(x|z) = Σ_d [ (ν + 1)/2 · log(1 + t_d²/ν) + log s + c(ν) ]"),
      {
        formula: `−log p(x|z) ≈ (ν + 1) / 2νs² · SSE = SSE / 2σ² with σ² = s²ν / (ν + 1), near the mean`,
        because: "log(1 + u) ≈ u for small u: a Gaussian in the middle",
      },
      {
        formula: "−log p(x|z) ≈ (ν + 1) Σ_d log |t_d|, far from it",
        because: "an outlier is charged its logarithm: the pull on the mean falls again beyond |t| = √ν",
      },
    ],
    dropped: {
      formula: fixed ? "D (log s + c(ν))" : "D · c(ν)",
      nats: D * (c + (fixed ? Math.log(s) : 0)),
      meaning: `c(${number(df)}) = ${number(c)}. It moves no weight, but without it no two ${fixed ? "s or ν" : "ν"} can be compared.`,
    },
    terms: {
      error: `${number((df + 1) / 2)} Σ log(1 + t²/${number(df)})`,
      logScale: s === "perPixel" ? "Σ log s" : "D log s",
      constant: "D · c(ν)",
    },
    tradeOff: fixed
      ? [
          `s is fixed, but (s, β) do not act through one product: near the mean the loss is SSE / 2σ² + β · KL with ` +
            `σ² = s²ν / (ν + 1) = ${number((s * s * df) / (df + 1))}, as for a Gaussian, and where the errors are large s only says where large begins.`,
        ]
      : tradeOffOfLearned(s, "s", beta),
    inexpressible: "none of them has a Student-t likelihood",
  };
};
