import type { DrawnIdentity } from "../../evaluation/drawnIdentity.ts";
import type { ExactComparison } from "../../evaluation/exactLinear.ts";
import type { Estimate } from "../../evaluation/statistics.ts";
import type { WeightPair } from "../../evaluation/weightPair.ts";
import { type Block, paragraph, type Section } from "../document.ts";
import { relativeError as error, nats, number } from "../numbers.ts";

/** q(w) beside the exact posterior, where there is one. */
export interface ExactWeights {
  readonly comparison: ExactComparison;
  readonly drawn: DrawnIdentity;
  readonly pair: WeightPair;
  /** The picture of it, where it was drawn. */
  readonly figure?: string;
}

/** Weights that are printed; all are in the facts. */
const SHOWN = 24;
const DECIMALS = 4;

/** log p(D) = ELBO + KL(q ‖ p(w|D)) in numbers, and what mean field gets wrong. */
export function exactWeightsSection(
  { comparison, drawn, pair, figure }: ExactWeights,
  { beta }: { readonly beta: number },
) {
  const { rows: N, logEvidence, elbo, gap, meanFieldGap } = comparison;
  const estimate = ({ mean, standardError }: Estimate) =>
    `${nats(mean, DECIMALS)} ± ${standardError.toPrecision(2)}`;
  const weights = comparison.weights.map((weight) => {
    const [q, meanField, exact] = [
      weight.deviation ** 2,
      weight.meanFieldDeviation ** 2,
      weight.exactDeviation ** 2,
    ];
    return {
      name: weight.name,
      mean: weight.mean,
      exactMean: weight.exactMean,
      variances: { q, meanField, exact },
      ratio: meanField / exact,
    };
  });
  const shown = weights.toSorted((a, b) => a.ratio - b.ratio).slice(0, SHOWN);
  const blocks: Block[] = [
    paragraph(
      "Without a hidden layer and with a Gaussian of one σ this is Bayesian linear regression. With φ = [x, 1] and the noise τ of the " +
        "standardised target u, u = φᵀw + N(0, τ²), w ~ N(0, S), the posterior is N(Λ⁻¹Φᵀu / τ², Λ⁻¹), Λ = ΦᵀΦ / τ² + S⁻¹ (Bishop 2006, " +
        "section 3.3), in float64 with τ and S as they are now.",
    ),
    {
      kind: "table",
      head: [`nats, all N = ${number(N)} rows`, "closed form", "from draws of q(w)"],
      rows: [
        ["log p(D)", nats(logEvidence, DECIMALS), estimate(drawn.logEvidence)],
        ["= ELBO", nats(elbo, DECIMALS), estimate(drawn.elbo)],
        ["+ KL(q ‖ p(w|D))", nats(gap, DECIMALS), estimate(drawn.gap)],
      ],
    },
    paragraph(
      `The draws: of log p(D) the log of the mean of ${number(drawn.draws)} importance weights p(D|w) p(w) / q(w), ` +
        `worth ${number(drawn.effectiveSampleSize)} draws of the posterior itself, and too low where those are few; of the ELBO ` +
        `the loss itself, with ${number(drawn.elboDraws)} draws for each row; of the KL the mean of log q(w) − log p(w|D). Each closed form is computed on its ` +
        `own; ELBO + KL is log p(D) but for a relative ${error(elbo + gap, logEvidence)}.` +
        (beta === 1
          ? ""
          : ` q was trained at β = ${number(beta)}, which is not this bound, so its KL is not the smallest.`),
    ),
    paragraph(
      `If the weights of q are independent, the best q has the exact means and variances 1 / Λ_ii, and KL = ½ (Σ log Λ_ii − log |Λ|) = ` +
        `${nats(meanFieldGap, DECIMALS)} nats; now it is ${nats(gap, DECIMALS)}. 1 / Λ_ii is the variance of a weight with all others held where they are, ` +
        "the true (Λ⁻¹)_ii that with all others free: mean field is too certain where weights can stand in for each other.",
    ),
    {
      kind: "table",
      head: ["weight", "E_q[w]", "exact", "Var_q[w]", "1 / Λ_ii", "(Λ⁻¹)_ii", "1/Λ_ii / (Λ⁻¹)_ii"],
      rows: shown.map(({ name, mean, exactMean, variances, ratio }) => [
        name,
        number(mean),
        number(exactMean),
        number(variances.q),
        number(variances.meanField),
        number(variances.exact),
        ratio.toFixed(3),
      ]),
    },
    ...(weights.length > SHOWN
      ? [
          paragraph(
            `The ${SHOWN} of ${weights.length} weights that mean field does worst by; --json has all.`,
          ),
        ]
      : []),
    paragraph(
      `The rows tell ${pair.names[0]} and ${pair.names[1]} apart worst: their correlation is ${number(pair.correlation)}.` +
        (figure === undefined
          ? ""
          : ` ${figure} has the ellipses of both, and the bound as it rose towards log p(D).`),
    ),
  ];
  return {
    title: "Where all is known: log p(D) = ELBO + KL(q ‖ p(w|D))",
    blocks,
    facts: {
      rows: N,
      logEvidence,
      elbo,
      gap,
      meanFieldGap,
      drawn,
      weights,
      pair,
      ...(figure !== undefined && { figure }),
    },
  } satisfies Section;
}
