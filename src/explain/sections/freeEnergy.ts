import { list, paragraph, type Section, type Step } from "../document.ts";
import { number } from "../numbers.ts";

interface Training {
  /** N, and the rows of a batch. */
  readonly rows: number;
  readonly batchSize: number;
  readonly isPoint: boolean;
}

/** Why the loss is −log p + KL / N: from Bayes' rule to a mini-batch. */
export function freeEnergySection({ rows, batchSize, isPoint }: Training) {
  const bound: Step[] = [
    {
      formula: "p(w|D) = p(D|w) p(w) / p(D), p(D) = ∫ p(D|w) p(w) dw",
      because:
        "Bayes' rule for the weights w and the rows D; the integral is over all networks and has no closed form",
    },
    {
      formula: "log p(D) = log p(D|w) + log p(w) − log p(w|D), whatever w",
      because: "the same, solved for p(D)",
    },
    {
      formula: "log p(D) = E_q[ log p(D|w) + log p(w) − log p(w|D) ], whatever q(w)",
      because: "the left side does not depend on w, so it is its own mean over any q",
    },
    {
      formula: "log p(D) = E_q[log p(D|w)] − E_q[log q(w) − log p(w)] + E_q[log q(w) − log p(w|D)]",
      because: "log q(w) subtracted and added",
    },
    {
      formula: "log p(D) = ELBO + KL(q ‖ p(w|D)), ELBO = E_q[log p(D|w)] − KL(q ‖ p(w))",
      because: "both means are divergences",
    },
    {
      formula: "F = −ELBO = Σ_n E_q[−log p(y_n|x_n, w)] + KL(q ‖ p(w)) ≥ −log p(D)",
      because:
        "given w the rows are independent, and no divergence is below 0. F is the variational free energy (Hinton and van Camp 1993): " +
        "as log p(D) is fixed, the q of lowest F is the one nearest to p(w|D)",
    },
  ];
  const point: Step[] = [
    {
      formula: "p(w|D) = p(D|w) p(w) / p(D)",
      because: "Bayes' rule for the weights w and the rows D",
    },
    {
      formula: "F = −log p(D, w) = Σ_n −log p(y_n|x_n, w) − log p(w)",
      because:
        "with a single w instead of a distribution, the best is the most probable one (maximum a posteriori). p(D) is the same " +
        "for all w. The divergence of a point from a density is infinite, so this F bounds nothing",
    },
  ];
  const rate = isPoint ? "−log p(w)" : "KL(q ‖ p(w))";
  const ofRow = isPoint ? "−log p(y_n|x_n, w) − log p(w) / N" : "E_q[−log p(y_n|x_n, w)] + KL(q ‖ p(w)) / N";
  const batches: Step[] = [
    {
      formula: `F / N = (1/N) Σ_n { ${ofRow} }, N = ${number(rows)}`,
      because:
        "divided by the rows: there is one w for all of them, so each carries the Nth part of its price",
    },
    {
      formula: `E[ (1/B) Σ_{n in batch} { ${ofRow} } ] = F / N, B = ${number(batchSize)}`,
      because: "the mean over rows drawn evenly has the expectation of the mean over all, whatever B",
    },
  ];
  const steps = [...(isPoint ? point : bound), ...batches];
  const batchCount = Math.ceil(rows / batchSize);
  const wrong = [
    `the whole ${rate} beside the mean of a batch counts it N = ${number(rows)} times: it is this loss with β = ${number(rows)}`,
    `${rate} / B beside the mean counts it N / B = ${number(rows / batchSize)} times: β = ${number(rows / batchSize)}`,
    `${rate} / ${batchCount}, the batches of an epoch, is right beside the sum over a batch, and beside the mean it is B times too much`,
  ];
  return {
    title: isPoint ? "The most probable weights" : "The variational free energy",
    blocks: [{ kind: "steps", steps }, paragraph("What other ways to write it amount to:"), list(...wrong)],
    facts: { rows, batchSize, isPoint, steps, otherWays: wrong },
  } satisfies Section;
}
