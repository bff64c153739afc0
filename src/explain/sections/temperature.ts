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

/** What β other than 1 makes of the posterior. */
export function temperatureSection({ rows, beta, isPoint, settlesAfter, error }: Tempered) {
  const rate = isPoint ? "−log p(w)" : "the KL";
  const target = isPoint ? "the weights of lowest loss are the mode of" : "the best q is the nearest to";
  const text = [
    `β weighs ${rate}. At any β ${target} p(D|w)^{1/β} p(w): each row counts as 1/β rows. β < 1 claims ${isPoint ? "a weaker prior than" : "more rows than"} ` +
      "there are, which is a cold posterior (Wenzel et al. 2020, “How good is the Bayes posterior in deep neural networks really?”): " +
      (isPoint
        ? "less decay."
        : "narrower weights, intervals that are too narrow if the model is right, and no bound on −log p(D).") +
      (isPoint ? "" : " β > 1 is a warm one, with fewer rows than there are, and still a bound."),
    "Their temperature T is on the prior too, p(w|D)^{1/T}: of N(0, s²) that is β = T with s² times T, so that the variances of a linear " +
      "network are T times the exact ones.",
    ...(error?.name === "MSE"
      ? [
          "A Gaussian's p(D|w)^{1/β} is a Gaussian with σ² times β: to the weights β and σ² are one number, and a β below 1 that predicts better " +
            "says that σ was too large, or the prior too narrow for this network. The predictions differ: they take σ as it is.",
        ]
      : []),
    beta === 1
      ? "Here β = 1: nothing is tempered."
      : beta === 0
        ? "Here β = 0: the prior counts for nothing, q shrinks to a point, that of maximum likelihood."
        : `Here β = ${number(beta)}: the N = ${number(rows)} rows count as ${number(rows / beta)}.`,
    ...(settlesAfter > 0
      ? [
          `β rises to it over ${number(settlesAfter)} epochs: until then the posterior is colder, so that the means find their place before ` +
            "the weights that nothing holds grow wide.",
        ]
      : []),
  ];
  return {
    title: "What β changes",
    blocks: text.map(paragraph),
    facts: { beta, rows, ...(beta > 0 && { countsAs: rows / beta }), settlesAfter, text },
  } satisfies Section;
}
