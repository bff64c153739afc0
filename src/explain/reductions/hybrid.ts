import { number } from "../numbers.ts";
import type { Reduce, Reduction } from "./reduction.ts";

export const hybrid: Reduce<"hybrid"> = ({ ceWeight, mseWeight }, { beta }): Reduction => {
  const weighted = (ce: string, se: string) =>
    [
      ...(ceWeight > 0 ? [`${number(ceWeight)} · ${ce}`] : []),
      ...(mseWeight > 0 ? [`${number(mseWeight)} · ${se}`] : []),
    ].join(" + ") || "0";
  const integrals = [0.5, 0.9, 0.99].map((p) => ({ p, integral: integral(p, ceWeight, mseWeight) }));
  return {
    details: [`loss = ${weighted("BCE(x, p)", "(x − p)²")}`],
    symbols: ["p = p(z) = sigmoid of the decoder's output, x in [0, 1]"],
    steps: [
      {
        formula: "loss = −log p(x|z) + constant ⇔ ∫ exp(−loss) dx is the same for every p",
        because:
          "a density integrates to 1 for every parameter; the constant is then minus the log of that integral",
      },
      {
        formula: `∫ exp(−loss) dx: ${integrals.map(({ p, integral }) => `${number(integral)} at p = ${number(p)}`).join(", ")}`,
        because:
          "over [0, 1]. It depends on p, so no constant will do, and the loss does not pay for the difference: it is a " +
          "loss, not a likelihood",
      },
    ],
    dropped: {
      formula: "log ∫ exp(−loss) dx for each value",
      meaning:
        "Not a constant: it depends on the weights. So there is no −log p, and ELBO, NLL and bits/dim do not exist; none is printed.",
    },
    terms: {
      crossEntropy: `${number(ceWeight)} · BCE`,
      squaredError: `${number(mseWeight)} · SSE`,
    },
    tradeOff: [
      `Only the ratios count: ${number(ceWeight)} : ${number(mseWeight)} : β = ${number(beta)}. No σ can be read from them` +
        (ceWeight === 0 && mseWeight > 0
          ? ` as long as the loss has no constant. But without cross-entropy it is a Gaussian that has lost its constant: ` +
            `\`--likelihood gaussian --sigma ${number(Math.sqrt(1 / (2 * mseWeight)))}\` trains the same weights and reports nats.`
          : `. Likelihoods close to it: \`bernoulli\` (pixels drawn to 0 and 1), \`continuous-bernoulli\` (grey pixels, with the ` +
            `normaliser), \`gaussian\` (squared error, with its σ).`),
    ],
    ...linear(ceWeight, mseWeight),
  };
};

/** With one of the two weights 0 it is what other tools have. */
function linear(ceWeight: number, mseWeight: number): Pick<Reduction, "linear" | "inexpressible"> {
  if (ceWeight > 0 && mseWeight === 0) return { linear: { error: "BCE", factor: ceWeight } };
  if (mseWeight > 0 && ceWeight === 0) return { linear: { error: "SSE", factor: mseWeight } };
  return { inexpressible: "none of them adds BCE and SSE in one loss" };
}

/** ∫ over [0, 1] of exp(−loss), by Simpson's rule; the integrand is smooth. */
function integral(p: number, ceWeight: number, mseWeight: number): number {
  const N = 200;
  let sum = 0;
  for (let i = 0; i <= N; i++) {
    const x = i / N;
    const bce = -x * Math.log(p) - (1 - x) * Math.log(1 - p);
    const weight = i === 0 || i === N ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-ceWeight * bce - mseWeight * (x - p) ** 2);
  }
  return sum / (3 * N);
}
