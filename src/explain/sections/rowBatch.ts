import type { BatchTerms } from "../batchTerms.ts";
import { type Block, paragraph, type Row, type Section } from "../document.ts";
import { nats, number } from "../numbers.ts";
import { deviationOf, nameOf, type RowContext } from "../rowReductions.ts";
import type { Account } from "./batch.ts";

/** The loss of a batch of rows as an account that can be checked with a pencil; see `Account`. */
export function rowBatchSection(
  terms: BatchTerms,
  account: Account,
  {
    target,
    rows: N,
    rate,
    isPoint,
    ...about
  }: RowContext & { weights: string; seed: number; baseMeasure: string; isPoint: boolean },
) {
  const { parts, decimals, beta } = account;
  const digits = (value: number) => nats(value, decimals);
  const rows: Row[] = [
    ...parts.map(({ formula, nats }, i): Row => [i === 0 ? "" : "+", formula, digits(nats)]),
    ["=", "distortion, −log p(y|x, w)", digits(account.distortion)],
    ["", `rate, ${rate} / N`, digits(account.rate)],
    ...(account.formula === undefined
      ? ([
          ["", `β · rate, β = ${String(beta)}`, digits(account.weightedRate)],
          ["=", "loss: distortion + β · rate", digits(account.loss)],
        ] satisfies Row[])
      : ([["", `loss: ${account.formula}`, digits(account.loss)]] satisfies Row[])),
    ...(account.bound && !isPoint
      ? ([["=", "−ELBO / N: distortion + rate", digits(account.bound.minusElbo)]] satisfies Row[])
      : []),
  ];
  const d = deviationOf(target);
  const name = nameOf(target);
  const isNumber = target.kind !== "class";
  const { SSE, SAE } = terms.errors;
  const errors = { rmse: Math.sqrt(SSE), mae: SAE };
  const sigma =
    terms.sigma === undefined
      ? ""
      : ` The noise has the standard deviation ${number(terms.sigma)} in units of ${name}.`;
  const blocks: Block[] = [
    paragraph(
      `The first training batch of seed ${about.seed}, ${terms.count} rows, ${about.weights}${isPoint ? "" : ", a draw w ~ q(w) for each"}; nats ` +
        `per row, on the ${about.baseMeasure}.${sigma}${d === 1 ? "" : ` d = ${number(d)}, so log d = ${digits(Math.log(d))}.`}`,
    ),
    { kind: "table", head: ["", "term", "nats per row"], rows },
    paragraph(
      `Each term is rounded once and every sum is made from the printed terms, so the digits re-add. Training computes ` +
        `${nats(account.unrounded, decimals + 2)} for the same batch, in float32 and unrounded. The rate of all N = ${number(N)} rows together is ` +
        `${nats(N * terms.rate)} nats.`,
    ),
    ...(isNumber
      ? [
          paragraph(
            `Of the same predictions: root mean squared error ${number(errors.rmse)}, mean absolute error ${number(errors.mae)}, in units of ${name}.`,
          ),
        ]
      : []),
  ];
  return {
    title: "One batch, taken apart",
    blocks,
    facts: {
      count: terms.count,
      weights: about.weights,
      printed: account,
      ...(isNumber && { errors }),
      ...(terms.sigma !== undefined && { sigma: terms.sigma }),
    },
  } satisfies Section;
}
