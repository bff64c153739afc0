import { paragraph, type Section } from "../document.ts";
import { number } from "../numbers.ts";
import type { RowError } from "../rowReductions.ts";

interface Tempered {
  readonly rows: number;
  readonly beta: number;
  readonly isPoint: boolean;
  readonly settlesAfter: number;
  readonly error?: RowError | undefined;
}

const WENZEL = "Wenzel et al. 2020, “How good is the Bayes posterior in deep neural networks really?”";

const ofPosterior = [
  "β weighs the KL. At any β the best q is the nearest to p(D|w)^{1/β} p(w): each row counts as 1/β rows. β < 1 claims more rows than " +
    `there are, which is a cold posterior (${WENZEL}): narrower weights, intervals that are too narrow if the model is right, and no ` +
    "bound on −log p(D). β > 1 is a warm one, with fewer rows than there are, and still a bound.",
  "Their temperature T is on the prior too, p(w|D)^{1/T}: of N(0, s²) that is β = T with s² times T, so that the variances of a linear " +
    "network are T times the exact ones.",
];

const ofPoint = [
  "β weighs −log p(w). At any β the weights of lowest loss are the mode of p(D|w)^{1/β} p(w): each row counts as 1/β rows, and β < 1 is " +
    `less decay. A cold posterior p(w|D)^{1/T}, T < 1 (${WENZEL}), is narrower and has the same mode: a point is where T = 0 ends.`,
];

/** What β other than 1 makes of the posterior. */
export function temperatureSection({ rows, beta, isPoint, settlesAfter, error }: Tempered) {
  const text = [
    ...(isPoint ? ofPoint : ofPosterior),
    ...(error?.name === "MSE"
      ? [
          "At a fixed σ a Gaussian's p(D|w)^{1/β} is a Gaussian with σ² times β: to the weights β and σ² are one number, and a β below 1 that predicts better " +
            "may say that σ was too large, or the prior too narrow for this network. The predictions differ: they take σ as it is.",
        ]
      : []),
    beta === 1
      ? "Here β = 1: nothing is tempered."
      : beta === 0
        ? `Here β = 0: the prior counts for nothing${isPoint ? "" : ", and q shrinks to a point"}: maximum likelihood.`
        : `Here β = ${number(beta)}: the N = ${number(rows)} rows count as ${number(rows / beta)}.`,
    ...(settlesAfter > 0
      ? [
          `β rises to it over ${number(settlesAfter)} epochs: until then there is less ` +
            (isPoint
              ? "decay."
              : "of a prior, and the means find their place before the weights that nothing holds grow wide."),
        ]
      : []),
  ];
  return {
    title: "What β changes",
    blocks: text.map(paragraph),
    facts: { beta, rows, ...(beta > 0 && { countsAs: rows / beta }), settlesAfter, text },
  } satisfies Section;
}
