import type { Objective } from "./objective.ts";

/** Means of an objective's quantities over a number of images, by name, in nats per image. */
export type Means = Readonly<Record<string, number>>;

/** Means that are reported in the order of the quantities, by name. */
export const meansByName = ({ quantities }: Objective, report: ArrayLike<number>): Means =>
  Object.fromEntries(quantities.map(({ name }, i) => [name, report[i]!]));

/** −elbo / (D · ln 2), of an ELBO over D values in nats. */
export const bitsPerDim = (elbo: number, D: number) => -elbo / (D * Math.LN2);

/** Whether the loss is finite, whatever the controls. */
export const areFinite = (means: Means) => Object.values(means).every(Number.isFinite);
