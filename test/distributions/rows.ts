import type { PosteriorConfig, PriorConfig } from "../../src/model/distributions/index.ts";

/** What is known of a distribution over vectors of d = 1 or 2 numbers. */
interface Known {
  readonly name: string;
  /** For each of the d numbers, ends of intervals on each of which the density is smooth, together all but 1e-10 of it. */
  readonly breaks: readonly (readonly number[])[];
  readonly mean: readonly number[];
  /** [d, d] */
  readonly covariance: readonly (readonly number[])[];
  /** [z, log p(z)] with the SciPy expression beside it. */
  readonly logProb: readonly (readonly [z: readonly number[], expected: number])[];
}

export interface PriorRow extends Known {
  readonly config: PriorConfig;
  /** Values of its own parameters, by name. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

export interface PosteriorRow extends Known {
  readonly config: PosteriorConfig;
  /** The encoder's output for one example. */
  readonly encoded: readonly number[];
}

/** Intervals around `centre`, short where a normal density bends. */
const around = (centre: number, deviation: number) =>
  [-8, -4, -2, -1, 0, 1, 2, 4, 8].map((t) => centre + deviation * t);

/**
 * The expected numbers are what Python gives for the expression beside them, after
 *
 *   from numpy import *
 *   from scipy.special import logsumexp, softmax
 *   from scipy.stats import norm
 *   def mixture(logits, means, logStds):  # its log-density, mean and covariance
 *       logits, means, stds = asarray(logits), asarray(means), exp(logStds)
 *       w = softmax(logits)
 *       mean = w @ means
 *       covariance = diag(w @ stds**2) + (means - mean).T @ ((means - mean) * w[:, None])
 *       return lambda z: logsumexp(log(w) + norm.logpdf(z, means, stds).sum(1)), mean, covariance
 *   p = mixture([0, 1], [[-1], [2]], [[-0.5], [0.25]])
 *   p2 = mixture([0.3, -0.7, 1.1], [[-1, 0.5], [1.5, -0.5], [0.25, 2]], [[-0.5, 0.2], [0.1, -0.9], [-0.2, -0.3]])
 *   q = lambda z, mean, log_var: norm.logpdf(z, mean, exp(asarray(log_var) / 2)).sum()
 */
export const priorRows: readonly PriorRow[] = [
  {
    name: "standard normal",
    config: { kind: "standardNormal" },
    parameters: {},
    breaks: [around(0, 1)],
    mean: [0],
    covariance: [[1]],
    logProb: [
      [[0], -0.9189385332046727], // norm.logpdf(0)
      [[-2.5], -4.043938533204672], // norm.logpdf(-2.5)
    ],
  },
  {
    name: "standard normal in two dimensions",
    config: { kind: "standardNormal" },
    parameters: {},
    breaks: [around(0, 1), around(0, 1)],
    mean: [0, 0],
    covariance: [
      [1, 0],
      [0, 1],
    ],
    logProb: [
      [[0, 0], -1.8378770664093453], // norm.logpdf([0, 0]).sum()
      [[1, -2], -4.337877066409345], // norm.logpdf([1, -2]).sum()
      [[-6, 8], -51.83787706640935], // norm.logpdf([-6, 8]).sum()
    ],
  },
  {
    name: "mixture of two Gaussians",
    config: { kind: "gaussianMixture", components: 2 },
    parameters: { logits: [0, 1], mean: [-1, 2], logStd: [-0.5, 0.25] },
    breaks: [[...around(-1, 0.6), ...around(2, 1.3)].toSorted((a, b) => a - b)],
    mean: [1.1931757358900148], // p[1]
    covariance: [[3.073757247689875]], // p[2]
    logProb: [
      [[0.3], -2.186238848450669], // p[0]([0.3])
      [[-1.2], -1.7275944137512689], // p[0]([-1.2])
      [[9], -16.34220138368242], // p[0]([9])
    ],
  },
  {
    name: "mixture of three Gaussians in two dimensions",
    config: { kind: "gaussianMixture", components: 3 },
    parameters: {
      logits: [0.3, -0.7, 1.1],
      mean: [-1, 0.5, 1.5, -0.5, 0.25, 2],
      logStd: [-0.5, 0.2, 0.1, -0.9, -0.2, -0.3],
    },
    breaks: [around(0, 1.25), around(1, 1.25)],
    mean: [0.03011181068425922, 1.3266307990693227], // p2[1]
    covariance: [
      [1.1890064294849934, 0.05379654534254346], // p2[2]
      [0.05379654534254346, 1.5845442295229186],
    ],
    logProb: [
      [[0, 0], -3.6906755901403274], // p2[0]([0, 0])
      [[1.5, -0.75], -3.5040751508417753], // p2[0]([1.5, -0.75])
      [[-6, 8], -55.647953453077875], // p2[0]([-6, 8])
    ],
  },
];

export const posteriorRows: readonly PosteriorRow[] = [
  {
    name: "diagonal Gaussian",
    config: { kind: "diagonalGaussian" },
    encoded: [0.5, -1.5],
    breaks: [around(0.5, 0.5)],
    mean: [0.5],
    covariance: [[0.22313016014842982]], // exp(-1.5)
    logProb: [
      [[0.3], -0.25857231461143404], // q([0.3], [0.5], [-1.5])
      [[3], -14.174216878011126], // q([3], [0.5], [-1.5])
    ],
  },
  {
    name: "diagonal Gaussian in two dimensions",
    config: { kind: "diagonalGaussian" },
    encoded: [1, -2, 0.5, -1],
    breaks: [around(1, 1.3), around(-2, 0.6)],
    mean: [1, -2],
    covariance: [
      [1.6487212707001282, 0], // exp(0.5)
      [0, 0.36787944117144233], // exp(-1)
    ],
    logProb: [
      [[0, 0], -7.327706053183753], // q([0, 0], [1, -2], [0.5, -1])
      [[1.5, -2.25], -1.7486397060127696], // q([1.5, -2.25], [1, -2], [0.5, -1])
    ],
  },
];
