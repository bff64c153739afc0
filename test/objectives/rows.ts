import { type ObjectiveConfig, objectiveSchema } from "../../src/objectives/index.ts";

/** One objective to be tested on the terms below, with what SciPy says of it. */
export interface Row {
  readonly name: string;
  readonly config: ObjectiveConfig;
  /** Each quantity for each example. */
  readonly quantities: Readonly<Record<string, readonly number[]>>;
  /** With the controls where they end. */
  readonly loss: number;
}

/** K samples of B = 3 examples, in nats: three samples, of which a row takes the first K. */
export const terms = {
  logLikelihood: [
    [-80, -75, -90],
    [-82, -70, -91],
    [-79, -77, -88.5],
  ],
  rate: [
    [20, 25, 18],
    [21, 24, 19],
    [22, 23.5, 17],
  ],
  logPriorRatio: [
    [-20.5, -24, -18.5],
    [-19, -25.5, -20],
    [-23, -22, -16.5],
  ],
  // Of four dimensions of z. They do not add up to the rates above, so that none is taken for the other.
  ratePerDimension: [
    [
      [0.1, 3, 1.5, 0.2],
      [0.2, 4, 0.4, 0.1],
      [0.6, 2, 1.1, 0.3],
    ],
    [
      [0.3, 3.5, 1.2, 0.1],
      [0.1, 4.5, 0.6, 0.4],
      [0.2, 2.5, 1.3, 0.2],
    ],
    [
      [0.2, 3.25, 1.25, 0.3],
      [0.4, 4.25, 0.75, 0.1],
      [0.5, 2.25, 1.75, 0.1],
    ],
  ],
} as const;

/**
 * The expected numbers are what Python gives for the expression beside them, after
 *
 *   from numpy import *
 *   from scipy.special import logsumexp
 *   l, r, w, d = (asarray(terms[name])[:K] for name in ("logLikelihood", "rate", "logPriorRatio", "ratePerDimension"))
 */
export const rows: readonly Row[] = [
  {
    name: "ELBO",
    config: objectiveSchema.parse({ kind: "elbo", samples: 1, beta: 1, warmup: 0 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] }, // -l.mean(0), r.mean(0)
    loss: 102.66666666666667, // -l.mean() + r.mean()
  },
  {
    name: "ELBO with β = 4",
    config: objectiveSchema.parse({ kind: "elbo", samples: 1, beta: 4, warmup: 3 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 165.66666666666669, // -l.mean() + 4 * r.mean()
  },
  {
    name: "ELBO with β = 0",
    config: objectiveSchema.parse({ kind: "elbo", samples: 1, beta: 0, warmup: 0 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 81.66666666666667, // -l.mean()
  },
  {
    name: "ELBO of three samples",
    config: objectiveSchema.parse({ kind: "elbo", samples: 3, beta: 0.5, warmup: 0 }),
    quantities: {
      distortion: [80.33333333333333, 74, 89.83333333333333], // -l.mean(0)
      rate: [21, 24.166666666666668, 18], // r.mean(0)
    },
    loss: 91.91666666666667, // -l.mean() + 0.5 * r.mean()
  },
  {
    name: "ELBO with a cyclical β",
    config: objectiveSchema.parse({ kind: "elbo", beta: 4, warmup: 3, cycles: 2, rampShare: 0.25 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 165.66666666666669, // -l.mean() + 4 * r.mean()
  },
  {
    name: "importance-weighted bound of one sample",
    config: objectiveSchema.parse({ kind: "iwae", samples: 1 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 102.66666666666667, // -l.mean() + r.mean(): the ELBO with the closed form of its rate
  },
  {
    name: "importance-weighted bound of two samples",
    config: objectiveSchema.parse({ kind: "iwae", samples: 2 }),
    quantities: {
      importanceBound: [100.71907019637985, 96.16339676228732, 109.1142574462674], // log(2) - logsumexp(l + w, 0)
      distortion: [81, 72.5, 90.5],
      rate: [20.5, 24.5, 18.5],
    },
    loss: 101.9989081349782, // (log(2) - logsumexp(l + w, 0)).mean()
  },
  {
    name: "importance-weighted bound of three samples",
    config: objectiveSchema.parse({ kind: "iwae", samples: 3 }),
    quantities: {
      importanceBound: [100.99448168333137, 96.53997102832427, 106.06645866598495], // log(3) - logsumexp(l + w, 0)
      distortion: [80.33333333333333, 74, 89.83333333333333],
      rate: [21, 24.166666666666668, 18],
    },
    loss: 101.20030379254688, // (log(3) - logsumexp(l + w, 0)).mean()
  },
  {
    name: "importance-weighted bound of one sample, doubly reparameterised",
    config: objectiveSchema.parse({ kind: "dreg", samples: 1 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 102.66666666666667, // -l.mean() + r.mean()
  },
  {
    name: "importance-weighted bound of three samples, doubly reparameterised",
    config: objectiveSchema.parse({ kind: "dreg", samples: 3 }),
    quantities: {
      importanceBound: [100.99448168333137, 96.53997102832427, 106.06645866598495], // log(3) - logsumexp(l + w, 0)
      distortion: [80.33333333333333, 74, 89.83333333333333],
      rate: [21, 24.166666666666668, 18],
    },
    loss: 101.20030379254688, // (log(3) - logsumexp(l + w, 0)).mean()
  },
  {
    name: "free bits",
    config: objectiveSchema.parse({ kind: "freeBits", lambda: 0.5 }),
    quantities: {
      freeRate: [5.5, 5.4, 4.1], // where(d.mean((0, 1)) > 0.5, d, 0.5).sum(2).mean(0)
      distortion: [80, 75, 90],
      rate: [20, 25, 18],
    },
    loss: 86.66666666666667, // -l.mean() + maximum(d.mean((0, 1)), 0.5).sum()
  },
  {
    name: "free bits of groups, two samples",
    config: objectiveSchema.parse({ kind: "freeBits", samples: 2, lambda: 2.5, groupSize: 2 }),
    quantities: {
      freeRate: [5.95, 6.9, 5.15], // g = d.reshape(2, 3, 2, 2).sum(3); where(g.mean((0, 1)) > 2.5, g, 2.5).sum(2).mean(0)
      distortion: [81, 72.5, 90.5],
      rate: [20.5, 24.5, 18.5],
    },
    loss: 87.33333333333333, // -l.mean() + maximum(g.mean((0, 1)), 2.5).sum()
  },
  {
    name: "capacity below the rate",
    config: objectiveSchema.parse({ kind: "capacity", gamma: 30, capacity: 12.5, capacityEpochs: 4 }),
    quantities: { distortion: [80, 75, 90], rate: [20, 25, 18] },
    loss: 336.6666666666667, // -l.mean() + 30 * abs(r.mean() - 12.5)
  },
  {
    name: "capacity above the rate, two samples",
    config: objectiveSchema.parse({ kind: "capacity", samples: 2, gamma: 30, capacity: 40 }),
    quantities: { distortion: [81, 72.5, 90.5], rate: [20.5, 24.5, 18.5] },
    loss: 646.3333333333334, // -l.mean() + 30 * abs(r.mean() - 40)
  },
];
