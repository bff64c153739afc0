import type { LikelihoodConfig } from "../../model/likelihoods/index.ts";
import type { TermName } from "../../model/likelihoods/likelihood.ts";
import type { Step } from "../document.ts";

/** The kinds of error that other tools add to the KL. BCE is summed over the pixels like the others. */
export type ErrorName = "SSE" | "SAE" | "BCE";

/** The loss is `factor · error + β · KL` and a constant. */
export interface Linear {
  readonly error: ErrorName;
  readonly factor: number;
}

/** `error + weight · KL` has the minimiser that the configuration has. */
export interface Equivalent {
  readonly error: ErrorName;
  readonly weight: number;
}

export const equivalentOf = ({ error, factor }: Linear, beta: number): Equivalent => ({
  error,
  weight: beta / factor,
});

/** How the familiar loss drops out of −log p(x|z), for a configuration and images of D values. */
export interface Reduction {
  /** Lines below the formula of the likelihood: parts of it, and the formula with the configuration's numbers. */
  readonly details: readonly string[];
  /** What the symbols are here. */
  readonly symbols: readonly string[];
  readonly steps: readonly Step[];
  /** What tools that print the familiar loss leave out of −log p. */
  readonly dropped: {
    readonly formula: string;
    /** For one image; absent where it depends on what is learned. */
    readonly nats?: number;
    readonly meaning: string;
  };
  /** Formulas of the terms that `Likelihood.terms` gives. */
  readonly terms: Readonly<Partial<Record<TermName, string>>>;
  /** What the scale and β mean together. */
  readonly tradeOff: readonly string[];
  /** Absent where the loss is nothing of the kind; `inexpressible` says why. */
  readonly linear?: Linear;
  readonly inexpressible?: string;
}

export interface ReductionContext {
  /** Values per image, pixels times channels. */
  readonly D: number;
  readonly beta: number;
  /** Whether the loss has a rate, as it does unless it says otherwise; not so without a latent. */
  readonly hasRate?: boolean;
}

export type Reduce<Kind extends LikelihoodConfig["kind"]> = (
  config: Extract<LikelihoodConfig, { kind: Kind }>,
  context: ReductionContext,
) => Reduction;
