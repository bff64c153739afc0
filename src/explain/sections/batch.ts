import type { Likelihood } from "../../model/likelihoods/likelihood.ts";
import { bitsPerDim } from "../../objectives/means.ts";
import type { BatchTerms } from "../batchTerms.ts";
import { type Block, paragraph, type Row, type Section } from "../document.ts";
import { nats, number, rounded } from "../numbers.ts";
import type { Reduction } from "../reductions/reduction.ts";

/**
 * The loss of a batch as an account that can be checked with a pencil. Each term is rounded once, to `decimals`; every
 * sum is the sum of rounded terms, so that printed digits re-add exactly, and no term is bent to meet a total. What that
 * leaves between the printed loss and the unrounded one is printed beside it.
 */
export interface Account {
  readonly decimals: number;
  readonly parts: readonly { readonly name: string; readonly formula: string; readonly nats: number }[];
  readonly distortion: number;
  readonly rate: number;
  readonly beta: number;
  /** β times the printed rate, rounded like a term. */
  readonly weightedRate: number;
  readonly loss: number;
  /** How the loss comes about, where it is not distortion + β · rate. */
  readonly formula?: string;
  /** The loss before any rounding. */
  readonly unrounded: number;
  /** The bound at β = 1; of a density only. */
  readonly bound?: { readonly minusElbo: number; readonly bitsPerDim: number };
}

export function account(
  terms: BatchTerms,
  {
    kindOf,
    formulas,
    beta,
    D,
    digits = 2,
  }: {
    kindOf: Likelihood["kindOf"];
    formulas: Reduction["terms"];
    beta: number;
    D: number;
    /** Decimals, at least. */
    digits?: number;
  },
): Account {
  // A large β enlarges the rounding of the rate: it gets as many decimals more as β has digits.
  const decimals = digits + Math.min(4, Math.max(0, Math.ceil(Math.log10(Math.max(1, beta)))));
  const round = (value: number) => rounded(value, decimals) + 0; // no −0
  const parts = terms.parts.map(({ name, value }) => ({
    name,
    formula: formulas[name] ?? name,
    nats: round(value),
  }));
  const distortion = round(parts.reduce((sum, part) => sum + part.nats, 0));
  const rate = round(terms.rate);
  const weightedRate = round(beta * rate);
  const minusElbo = round(distortion + rate);
  return {
    decimals,
    parts,
    distortion,
    rate,
    beta,
    weightedRate,
    ...(terms.loss
      ? { loss: round(terms.loss.value), formula: terms.loss.formula, unrounded: terms.loss.value }
      : { loss: round(distortion + weightedRate), unrounded: terms.distortion + beta * terms.rate }),
    ...(kindOf === "density" && { bound: { minusElbo, bitsPerDim: rounded(bitsPerDim(-minusElbo, D), 4) } }),
  };
}

export function batchSection(
  terms: BatchTerms,
  account: Account,
  about: { weights: string; noise: string; baseMeasure: string; D: number; seed: number; rate?: string },
) {
  const { parts, decimals, bound, beta } = account;
  const digits = (value: number) => nats(value, decimals);
  const row = (sign: string, what: string, value: string): Row => [sign, what, value];
  const distortion = bound ? "distortion, −log p(x|z)" : "reconstruction loss";
  const ofParts = parts.map((part, i) => row(i === 0 ? "" : "+", part.formula, digits(part.nats)));
  const alone: Row[] = [
    row("=", bound ? "loss: −log p(x|z)" : "loss", digits(account.loss)),
    ...(bound ? [row("", "bits/dim: −log p(x|z) / (D ln 2)", nats(bound.bitsPerDim, 4))] : []),
  ];
  const withRate: Row[] = [
    row("=", distortion, digits(account.distortion)),
    row("", `rate, ${about.rate}`, digits(account.rate)),
    ...(account.formula === undefined
      ? [
          row("", `β · rate, β = ${String(beta)}`, digits(account.weightedRate)),
          row("=", `loss: ${bound ? "distortion" : "reconstruction loss"} + β · rate`, digits(account.loss)),
        ]
      : [row("", `loss: ${account.formula}`, digits(account.loss))]),
    ...(bound
      ? [
          row("=", "−ELBO: distortion + rate", digits(bound.minusElbo)),
          row("", "bits/dim: −ELBO / (D ln 2)", nats(bound.bitsPerDim, 4)),
        ]
      : []),
  ];
  const rows = [...ofParts, ...(about.rate === undefined ? alone : withRate)];
  const { SSE, SAE } = terms.errors;
  const sigma =
    terms.sigma === undefined ? "" : ` ${about.noise} has the standard deviation ${number(terms.sigma)}.`;
  const blocks: Block[] = [
    paragraph(
      `The first training batch of seed ${about.seed}, ${terms.count} images, ${about.weights}${about.rate === undefined ? "" : ", one z ~ q(z|x) for each"}; ` +
        `${bound ? "nats per image" : "per image; not nats, as it is no log-probability"}.${sigma}`,
    ),
    { kind: "table", head: ["", "term", bound ? "nats per image" : "per image"], rows },
    paragraph(
      `Each term is rounded once and every sum is made from the printed terms, so the digits re-add. Training computes ` +
        `${nats(account.unrounded, decimals + 2)} for the same batch, in float32 and unrounded.` +
        (bound ? ` The bits are on the ${about.baseMeasure}.` : ""),
    ),
    paragraph(
      `Of the same ${about.rate === undefined ? "predictions" : "reconstructions"}: SSE ${nats(SSE)}, SAE ${nats(SAE)}, mean squared error ${number(SSE / about.D)} for each value.`,
    ),
  ];
  return {
    title: "One batch, taken apart",
    blocks,
    facts: {
      images: terms.count,
      weights: about.weights,
      printed: account,
      errors: terms.errors,
      ...(terms.sigma !== undefined && { sigma: terms.sigma }),
    },
  } satisfies Section;
}
