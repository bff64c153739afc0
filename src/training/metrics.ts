import { bitsPerDim, type Means } from "../objectives/means.ts";
import { type Arithmetic, lossOf, type Objective } from "../objectives/objective.ts";

/** The numbers of a log line, in nats per image. */
export interface Metrics {
  /** What is minimised. */
  readonly loss: number;
  readonly quantities: Means;
  /** Minus the sum of its parts, whatever trained the model. Where the likelihood is a bare loss, there is none. */
  readonly elbo?: number;
  /** −elbo / (D · ln 2) */
  readonly bitsPerDim?: number;
}

/** What a loss is of. */
export interface MetricsContext {
  readonly objective: Objective;
  /** The likelihood's. */
  readonly kindOf: "density" | "loss";
  /** D, of one example. */
  readonly D: number;
}

const arithmetic: Arithmetic<number> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  distance: (a, b) => Math.abs(a - b),
};

/** The numbers of a log line, derived from the means in one place, so that they always re-add. */
export function metricsOf(
  means: Means,
  controls: Readonly<Record<string, number>>,
  { objective, kindOf, D }: MetricsContext,
): Metrics {
  const loss = lossOf(objective, means, controls, arithmetic);
  if (kindOf === "loss") return { loss, quantities: means };
  const elbo = -sumOf(objective.quantities.filter((q) => q.isPartOfElbo).map(({ name }) => means[name]!));
  return { loss, quantities: means, elbo, bitsPerDim: bitsPerDim(elbo, D) };
}

/** Running sums over images; plain data, so that a checkpoint can hold it. */
export type Totals = { count: number } & Record<string, number>;

export const emptyTotals = ({ quantities }: Objective): Totals => ({
  count: 0,
  ...Object.fromEntries(quantities.map(({ name }) => [name, 0])),
});

/** Adds the means of a batch of `count` images: a short last batch weighs what it holds. */
export function addMeans(totals: Totals, means: Means, count: number): void {
  totals.count += count;
  for (const [name, mean] of Object.entries(means)) totals[name]! += mean * count;
}

export const meansOf = ({ count, ...sums }: Totals): Means =>
  Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
