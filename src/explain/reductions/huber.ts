import { huberLogNormaliser } from "../../model/likelihoods/huber.ts";
import { number } from "../numbers.ts";
import { sumOverValues, symbolsOf, tradeOffOfLearned } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";

export const huber: Reduce<"huber"> = ({ scale: s, mean, delta }, { D, beta }) => {
  const logZ = huberLogNormaliser(delta);
  const fixed = typeof s === "number";
  return {
    details: ["h(t) = ½t² up to |t| = δ, δ|t| − ½δ² beyond; Z = √(2π) erf(δ/√2) + (2/δ) exp(−½δ²)"],
    symbols: [
      "t = (x − μ) / s",
      ...symbolsOf({ mean, scale: s }, "s"),
      `δ = ${number(delta)}, in units of s; log Z = ${number(logZ)}`,
    ],
    steps: [
      sumOverValues("−log p(x|z) = Σ_d [ h(t_d) + log s + log Z ]"),
      {
        formula: "Σ h(t) = SSE / 2s² where all |x − μ| ≤ δs, and δ · SAE / s − ½δ²D where all are beyond",
        because: "the two branches: a Gaussian with σ = s in the middle, a Laplace with b = s/δ in the tails",
      },
      {
        formula: "Σ h(t) = Huber's loss of (x − μ) with threshold δs, divided by s²",
        because: "which is how other libraries write it: smooth L1 with threshold δs",
      },
    ],
    dropped: {
      formula: fixed ? "D (log s + log Z)" : "D log Z",
      nats: D * (logZ + (fixed ? Math.log(s) : 0)),
      meaning: `It moves no weight, but without it no two ${fixed ? "s or δ" : "δ"} can be compared.`,
    },
    terms: { error: "Σ h(t)", logScale: s === "perPixel" ? "Σ log s" : "D log s", constant: "D log Z" },
    tradeOff: fixed
      ? [
          `s is fixed, but (s, β) do not act through one product: in the middle the loss is SSE / 2s² + β · KL, and ` +
            `βs² = ${number(beta * s * s)} counts as for a Gaussian; in the tails it is δ · SAE / s + β · KL, and ` +
            `βs/δ = ${number((beta * s) / delta)} counts as for a Laplace. One threshold in units of x, δs = ${number(delta * s)}, holds both together.`,
        ]
      : tradeOffOfLearned(s, "s", beta),
    inexpressible: "none of them has Huber's loss",
  };
};
