import type { PosteriorConfig, PriorConfig } from "../../src/model/distributions/index.ts";

/** What is known of a distribution over vectors of d = 1 or 2 numbers. */
interface Known {
  readonly name: string;
  /** For each of the d numbers, ends of intervals on each of which the density is smooth, together all but 1e-10 of it. */
  readonly breaks: readonly (readonly number[])[];
  readonly mean: readonly number[];
  /** Of a flow, where the mean of what it starts from goes: `mean()`. */
  readonly centre?: readonly number[];
  /** [d, d] */
  readonly covariance: readonly (readonly number[])[];
  /** [z, log p(z)] with the SciPy expression beside it. */
  readonly logProb: readonly (readonly [z: readonly number[], expected: number])[];
}

export interface PriorRow extends Known {
  readonly config: PriorConfig;
  /** h(y) of one y, where it is p(z|y). */
  readonly features?: readonly number[];
  /** Values of its own parameters, by name. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

export interface PosteriorRow extends Known {
  readonly config: PosteriorConfig;
  /** The encoder's output for one example. */
  readonly encoded: readonly number[];
}

/** Shorter ones, where a density bends more than a normal one. */
const closelyAround = (centre: number, deviation: number) =>
  [-10, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 10].map((t) => centre + deviation * t);

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
 *   def moments(f, d, n=120):  # mean and covariance of f(noise)
 *       x, w = polynomial.hermite_e.hermegauss(n)
 *       noise = stack(meshgrid(*[x] * d, indexing="ij"), -1).reshape(-1, d)
 *       w = prod(stack(meshgrid(*[w / w.sum()] * d, indexing="ij"), -1).reshape(-1, d), 1)
 *       z = array([f(e) for e in noise])
 *       return w @ z, (z - w @ z).T @ ((z - w @ z) * w[:, None])
 *   def coupling(nets):  # of d = 2, with one hidden layer: weights and biases (k, kb, o, ob) of each
 *       def scale_shift(net, x):
 *           k, kb, o, ob = map(asarray, net)
 *           raw, shift = tanh(x * k + kb) @ o + ob
 *           return 3 * tanh(raw / 3), shift
 *       def f(noise):
 *           x = array(noise)
 *           for i, net in enumerate(nets):
 *               s, t = scale_shift(net, x[i % 2]); x[1 - i % 2] = x[1 - i % 2] * exp(s) + t
 *           return x
 *       def logp(z):
 *           x, total = array(z, float), 0
 *           for i, net in reversed([*enumerate(nets)]):
 *               s, t = scale_shift(net, x[i % 2]); x[1 - i % 2] = (x[1 - i % 2] - t) * exp(-s); total += s
 *           return norm.logpdf(x).sum() - total
 *       return f, logp
 *   def planar(mean, log_var, maps):  # (u, w, b) of each
 *       mean, std = asarray(mean), exp(asarray(log_var) / 2)
 *       def hat(u, w):
 *           s = w @ u
 *           return u + (0.999 * (logaddexp(0, s + log(e - 1)) - 1) - s) * w / (w @ w)
 *       maps = [(hat(asarray(u), asarray(w)), asarray(w), b) for u, w, b in maps]
 *       def f(noise):
 *           z = mean + std * noise
 *           for u, w, b in maps: z = z + u * tanh(w @ z + b)
 *           return z
 *       def logq(z):
 *           z, total = array(z, float), 0
 *           for u, w, b in maps[::-1]:
 *               y, c = w @ z + b, w @ u
 *               a = scipy.optimize.brentq(lambda a: a + c * tanh(a) - y, y - abs(c) - 1e-9, y + abs(c) + 1e-9, xtol=1e-14)
 *               z = z - u * tanh(a); total += log(1 + c * (1 - tanh(a)**2))
 *           return norm.logpdf(z, mean, std).sum() - total
 *       return f, logq
 *   f, p3 = coupling([([0.7, -1.1], [0.2, -0.3], [[0.3, -0.2], [-0.3, 0.4]], [0.1, 0.2]),
 *                     ([-0.8, 0.6], [-0.1, 0.4], [[0.2, 0.4], [0.2, -0.3]], [-0.1, 0.1])])
 *   g, q1 = planar([0.5], [-1], [([1.2], [0.9], -0.3), ([-1.5], [1.1], 0.2)])
 *   h, q2 = planar([0.2, -0.4], [-0.5, -1], [([1, -0.5], [0.8, 0.6], 0.4), ([-0.7, 1.2], [1, -0.9], -0.2)])
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
  {
    // The rows of the pseudo-inputs are what the encoder says of them: means, then the logarithms of the variances.
    name: "VampPrior of two pseudo-inputs",
    config: { kind: "vamp", pseudoInputs: 2 },
    parameters: { pseudoInputs: [-1, -1, 2, 0.5] },
    breaks: [[...around(-1, 0.6), ...around(2, 1.3)].toSorted((a, b) => a - b)],
    mean: [0.5], // v = mixture([0, 0], [[-1], [2]], [[-0.5], [0.25]]); v[1]
    covariance: [[3.258300355935785]], // v[2]
    logProb: [
      [[0.3], -2.325455055727056], // v[0]([0.3])
      [[-1.2], -1.1443505639067062], // v[0]([-1.2])
      [[9], -16.722086876724138], // v[0]([9])
    ],
  },
  {
    name: "VampPrior of three pseudo-inputs in two dimensions",
    config: { kind: "vamp", pseudoInputs: 3 },
    parameters: { pseudoInputs: [-1, 0.5, -1, 0.4, 1.5, -0.5, 0.2, -1.8, 0.25, 2, -0.4, -0.6] },
    breaks: [around(0, 1.25), around(1, 1.25)],
    mean: [0.25, 0.6666666666666666], // v2 = mixture([0, 0, 0], the means, half of the logarithms); v2[1]
    covariance: [
      [1.7948674151224169, -0.41666666666666663], // v2[2]
      [-0.41666666666666663, 1.79086729620785],
    ],
    logProb: [
      [[0, 0], -3.1901783249409044], // v2[0]([0, 0])
      [[1.5, -0.75], -2.3251680600048243], // v2[0]([1.5, -0.75])
      [[-6, 8], -55.4676276792138], // v2[0]([-6, 8])
    ],
  },
  {
    name: "two affine couplings",
    config: { kind: "couplingFlow", layers: 2, hidden: [2] },
    parameters: {
      "coupling0.hidden0.kernel": [0.7, -1.1],
      "coupling0.hidden0.bias": [0.2, -0.3],
      "coupling0.output.kernel": [0.3, -0.2, -0.3, 0.4],
      "coupling0.output.bias": [0.1, 0.2],
      "coupling1.hidden0.kernel": [-0.8, 0.6],
      "coupling1.hidden0.bias": [-0.1, 0.4],
      "coupling1.output.kernel": [0.2, 0.4, 0.2, -0.3],
      "coupling1.output.bias": [-0.1, 0.1],
    },
    breaks: [closelyAround(0, 1.2), closelyAround(0, 1.4)],
    mean: [-0.049679466, 0.103020324], // moments(f, 2)[0]
    centre: [-0.0744453364814889, 0.04399989097438284], // f([0, 0])
    covariance: [
      [1.28351173, -0.87542486], // moments(f, 2)[1]
      [-0.87542486, 1.93997939],
    ],
    logProb: [
      [[0, 0], -2.069355768807471], // p3([0, 0])
      [[1.5, -0.75], -3.197919748801068], // p3([1.5, -0.75])
      [[-4, 5], -31.885310086796416], // p3([-4, 5])
    ],
  },
  {
    name: "normal given y", // of mean 1 and log-variance −0.4
    config: { kind: "conditionalGaussian", hidden: [] },
    features: [1.5, -0.5],
    parameters: { "output.kernel": [0.4, 0.2, -0.6, 0.8], "output.bias": [0.1, -0.3] },
    breaks: [around(1, 0.82)],
    mean: [1],
    covariance: [[0.6703200460356393]], // exp(-0.4)
    logProb: [
      [[-1], -3.702587928487213], // norm.logpdf(-1, 1, exp(-0.2))
      [[0.5], -0.9054166204098314], // norm.logpdf(0.5, 1, exp(-0.2))
    ],
  },
  {
    name: "normal given y in two dimensions", // of means 1 and −0.55, log-variances −0.4 and 0.3
    config: { kind: "conditionalGaussian", hidden: [] },
    features: [1.5, -0.5],
    parameters: {
      "output.kernel": [0.4, -0.3, 0.2, 0.1, -0.6, 0.2, 0.8, -0.5],
      "output.bias": [0.1, 0, -0.3, -0.1],
    },
    breaks: [around(1, 0.82), around(-0.55, 1.16)],
    mean: [1, -0.55],
    covariance: [
      [0.6703200460356393, 0], // exp(-0.4)
      [0, 1.3498588075760032], // exp(0.3)
    ],
    logProb: [
      [[-1, 0.5], -5.179902505842683], // norm.logpdf([-1, 0.5], [1, -0.55], exp([-0.2, 0.15])).sum()
      [[2.5, -1], -3.5411876960997986], // norm.logpdf([2.5, -1], [1, -0.55], exp([-0.2, 0.15])).sum()
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
  {
    name: "two planar maps",
    config: { kind: "planarFlow", layers: 2 },
    encoded: [0.5, -1, 1.2, 0.9, -0.3, -1.5, 1.1, 0.2],
    breaks: [closelyAround(0, 0.6)],
    mean: [0.3088955], // moments(g, 1)[0]
    centre: [0.1688252648834685], // g([0])
    covariance: [[0.4373636]], // moments(g, 1)[1]
    logProb: [
      [[0.3], -0.701228255078878], // q1([0.3])
      [[3], -7.524424202876662], // q1([3])
    ],
  },
  {
    name: "two planar maps in two dimensions",
    config: { kind: "planarFlow", layers: 2 },
    encoded: [0.2, -0.4, -0.5, -1, 1, -0.5, 0.8, 0.6, 0.4, -0.7, 1.2, 1, -0.9, -0.2],
    breaks: [closelyAround(0.4, 1.1), closelyAround(-0.3, 0.5)],
    mean: [0.357051, -0.313146], // moments(h, 2)[0]
    centre: [0.3859427659830169, -0.13028820326499502], // h([0, 0])
    covariance: [
      [1.2115126, 0.2806567], // moments(h, 2)[1]
      [0.2806567, 0.232408],
    ],
    logProb: [
      [[0, 0], -2.283417838041995], // q2([0, 0])
      [[1.5, -2.25], -12.065809664166315], // q2([1.5, -2.25])
    ],
  },
];
